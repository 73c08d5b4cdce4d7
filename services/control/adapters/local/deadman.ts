import { z } from 'zod';
import type { EpochMs } from '../../core/time.ts';
import { readJson, writeJson } from './whole-files.ts';

/** So many looks without a push, spread over the whole time: then nobody is there any more. */
const LOOKS = 10;
/** Until a first mark says how long to wait: as for the usual hour. */
const LOOK_EVERY_MS = 6 * 60_000;

const markSchema = z.object({ at: z.number(), forMs: z.number().positive() });

/** Pushes the switch on: from now on nothing of the farm ends by it for `forMs`. */
export async function pushDeadman(file: string, now: EpochMs, forMs: number): Promise<void> {
  await writeJson(file, { at: now, forMs } satisfies z.infer<typeof markSchema>);
}

/**
 * Calls `onDead` once when the mark was not written anew for as long as it says. Looks are counted, no clock is read: a
 * machine that slept for a night, or whose clock was set, has not waited. A mark that is gone or cannot be read counts
 * as one that nobody pushes.
 */
export function watchDeadman(file: string, onDead: () => void): void {
  let last: number | null = null;
  let looks = 0;

  async function look(): Promise<void> {
    const read = markSchema.safeParse(await readJson(file).catch(() => undefined));
    const at = read.success ? read.data.at : last;
    looks = at === last ? looks + 1 : 0;
    last = at;
    if (looks >= LOOKS) onDead();
    else setTimeout(look, read.success ? read.data.forMs / LOOKS : LOOK_EVERY_MS).unref();
  }

  void look();
}
