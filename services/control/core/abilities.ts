import type { Policy } from './model.ts';

/** Differs whenever the deployment can do something else than before. */
export function abilitiesKey({ hash, blenders, pools }: Policy): string {
  const able = pools.map(({ name, hasGpu, gpuDevice, memoryGiB }) => [
    ...[name, hasGpu, gpuDevice, memoryGiB],
  ]);
  return hash(JSON.stringify([blenders, able])).slice(0, 16);
}
