import type { BlendTools } from '../blend/facts.ts';
import type { EpochMs } from '../core/time.ts';
import type { Renders, Scenes } from '../ports/buckets.ts';
import type { Farm } from '../ports/farm.ts';
import type { Lease } from '../ports/lease.ts';
import type { Manager } from '../ports/manager.ts';
import type { Messenger } from '../ports/messenger.ts';
import type { Records } from '../ports/records.ts';
import type { Workers } from '../ports/workers.ts';

/** All that a pass needs from the world. */
export interface Ports {
  readonly scenes: Scenes;
  readonly renders: Renders;
  readonly records: Records;
  readonly lease: Lease;
  readonly farm: Farm;
  readonly workers: Workers;
  readonly manager: Manager;
  readonly blendTools: BlendTools;
  /** Left out = nobody outside is told anything. */
  readonly messenger?: Messenger;
  readonly clock: { now(): EpochMs };
}
