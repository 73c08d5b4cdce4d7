// See load-container.ts.
export { GoogleAuth, OAuth2Client } from 'google-auth-library';
