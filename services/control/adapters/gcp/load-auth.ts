// See load-container.ts.
export { CodeChallengeMethod, GoogleAuth, OAuth2Client } from 'google-auth-library';
