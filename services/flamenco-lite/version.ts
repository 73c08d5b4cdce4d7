/** The version that both halves report: the Flamenco whose behaviour they have. */
export const version = {
  version: '3.9-lite',
  shortversion: '3.9-lite',
  git: 'flamenco-lite',
} as const;
