import { createStorageClient } from '../../../services/control/adapters/gcp/storage-client.ts';
import { startStorage } from './stand-in.ts';

type Options = Parameters<typeof startStorage>[0];

/** A stand-in for Cloud Storage, and the real client that talks to it. */
export async function storageWorld(t: { after(fn: () => unknown): void }, options: Options = {}) {
  const storage = await startStorage(options);
  t.after(() => storage.close());
  return { storage, openBucket: clientOf(storage.url) };
}

export function clientOf(apiEndpoint: string) {
  return createStorageClient({ projectId: 'test', endpoint: { apiEndpoint } });
}
