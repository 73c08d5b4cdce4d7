/** Under this name the door keeps, in the browser's tab, which view was asked for: the server is never told. */
export const PLACE_KEY = 'tablao-place';
