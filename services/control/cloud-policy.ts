import { roomForWorker } from './adapters/gcp/allocatable.ts';
import type { CloudConfig } from './cloud-config.ts';
import { tagOf } from './cloud-settings.ts';
import { commonPolicy } from './common-policy.ts';
import type { Policy, PoolPolicy } from './core/model.ts';
import type { PoolSettings } from './pool-settings.ts';

const LOOK_EVERY_MS = 5000;
/** Listing a bucket is dear: events tell of uploads meanwhile. */
const LIST_EVERY_MS = 15 * 60_000;
/** A spot machine from none, its image and its sign-on; learned as soon as one has booted. */
const BOOT_SECONDS = 150;
/** The pool's consolidation delay, and the machine's own end. */
const TAIL_SECONDS = 150;
/** Spot machines are 60 to 91 % cheaper; a cap on old prices must not believe in the best of that where nothing was given. */
const SPOT_TO_ON_DEMAND = 4;
/** Where workers see the buckets (the chart's `mounts`). */
const MOUNTS = { scenes: '/tablao/scenes', renders: '/tablao/renders' };

/** What a deployment decided, in core's words. */
export function cloudPolicy(config: CloudConfig): Policy {
  const [first, ...others] = config.pools;
  return {
    ...commonPolicy(config),
    listEveryMs: LIST_EVERY_MS,
    lookEveryMs: LOOK_EVERY_MS,
    droughtMs: config.droughtMs,
    pricesAt: config.pricesAt,
    fixedPricePerHour: config.fixedPricePerHour,
    // Official builds have the denoiser; what devices there are is the pools' matter.
    blenders: config.blenders.map((version) => ({ version, hasDenoiser: true, devices: [] })),
    pools: [poolPolicy(first), ...others.map(poolPolicy)],
    scenesRoot: MOUNTS.scenes,
    rendersRoot: MOUNTS.renders,
  };
}

function poolPolicy({ name, max, device, machines }: PoolSettings): PoolPolicy {
  return {
    ...{ name, max, tag: tagOf(name) },
    pricePerHour: machines[0].pricePerHour,
    variants: machines.map(({ name: variant, isSpot, pricePerHour, onDemandPricePerHour }) => ({
      ...{ name: variant, isSpot, pricePerHour },
      onDemandPricePerHour: onDemandPricePerHour ?? pricePerHour * (isSpot ? SPOT_TO_ON_DEMAND : 1),
    })),
    bootSeconds: BOOT_SECONDS,
    tailSeconds: TAIL_SECONDS,
    hasGpu: device !== 'cpu',
    ...(device !== 'cpu' && { gpuDevice: device }),
    // Its pods have the drivers for computing only.
    drawsInSoftware: true,
    // A run may be moved to any of them.
    memoryGiB: Math.min(...machines.map((machine) => roomForWorker(machine).memoryGiB)),
    isMemoryShared: false,
  };
}
