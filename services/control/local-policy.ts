import { totalmem } from 'node:os';
import type { BlenderFound } from './adapters/local/blenders.ts';
import { commonPolicy } from './common-policy.ts';
import type { LocalConfig } from './config.ts';
import type { Policy } from './core/model.ts';

/** Looking is cheap on one machine. */
const LOOK_EVERY_MS = 1000;
const LIST_EVERY_MS = 30_000;

/** What was decided for this machine, in core's words. `dirs`: the folders of the two buckets. */
export function localPolicy(
  config: LocalConfig,
  dirs: { readonly scenes: string; readonly renders: string },
  blenders: readonly BlenderFound[],
): Policy {
  return {
    ...commonPolicy(config),
    listEveryMs: LIST_EVERY_MS,
    lookEveryMs: LOOK_EVERY_MS,
    droughtMs: Number.POSITIVE_INFINITY,
    pricesAt: null,
    fixedPricePerHour: 0,
    blenders,
    pools: [
      {
        name: 'local',
        max: config.maxWorkers,
        pricePerHour: config.pricePerWorkerHour,
        tag: null,
        bootSeconds: 5,
        tailSeconds: 5,
        hasGpu: blenders.length === 0 ? null : blenders.some(hasGpu),
        memoryGiB: totalmem() / 1024 ** 3,
        isMemoryShared: true,
      },
    ],
    scenesRoot: dirs.scenes.replaceAll('\\', '/'),
    rendersRoot: dirs.renders.replaceAll('\\', '/'),
  };
}

function hasGpu({ devices }: BlenderFound): boolean {
  return devices.some((device) => device !== 'CPU');
}
