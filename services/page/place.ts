import { PLACE_KEY } from '../control/http/place-key.ts';

/** To the view that somebody had a link to before signing in; the way to Google and back knows the page only. */
export function returnToPlace(): void {
  const place = sessionStorage.getItem(PLACE_KEY);
  sessionStorage.removeItem(PLACE_KEY);
  if (place !== null && location.hash === '') location.hash = place;
}
