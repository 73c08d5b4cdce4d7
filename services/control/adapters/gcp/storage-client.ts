import type { Bucket, Storage, StorageOptions } from '@google-cloud/storage';

interface Options {
  readonly projectId: string;
  /** Another server than Google's, and how to be let in there. */
  readonly endpoint?: Pick<StorageOptions, 'apiEndpoint' | 'authClient' | 'useAuthWithCustomEndpoint'>;
}

/** Loads the client when a bucket is first needed: importing it takes longer than all of the rest of a start. */
export type OpenBucket = (name: string) => Promise<Bucket>;

export function createStorageClient(options: Options): OpenBucket {
  let storage: Promise<Storage> | null = null;
  return async (name) => {
    storage ??= load(options);
    return (await storage).bucket(name);
  };
}

/** Signs in with what the machine has (ADC). It retries nothing: the next pass does. */
async function load({ projectId, endpoint }: Options): Promise<Storage> {
  const { IdempotencyStrategy, Storage } = await import('./load-storage.ts');
  return new Storage({
    projectId,
    ...endpoint,
    // All three: a `maxRetries` of 0 alone counts as not given.
    retryOptions: {
      autoRetry: false,
      maxRetries: 0,
      idempotencyStrategy: IdempotencyStrategy.RetryNever,
    },
  });
}
