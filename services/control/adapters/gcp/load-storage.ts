// See load-container.ts.
export { IdempotencyStrategy, Storage } from '@google-cloud/storage';
