import { isFinal, type RunRecord } from '../../../services/control/core/run.ts';
import { memoryOf, runsOf } from '../../sim/world.ts';
import { pathOf } from '../buckets.ts';
import type { ShotSpec } from '../spec.ts';
import type { NewInvariant, Watched } from '../watch.ts';

/** Every run ends exactly once, and says why when it is not completed. A rejection may revive: what it complained of changed. */
export const endsOnce: NewInvariant = ({ world }) => {
  const before = new Map<string, RunRecord>();
  return {
    name: 'endsOnce',
    wrote: (run) => {
      const last = before.get(run.id);
      before.set(run.id, run);
      if (last !== undefined && isFinal(last.state) && last.state !== 'rejected' && last.state !== run.state)
        return `run ${run.id} was ${last.state} and is ${run.state} now`;
      if (isFinal(run.state) && run.state !== 'completed' && (run.reason?.message ?? '') === '')
        return `run ${run.id} is ${run.state} without a reason`;
      return null;
    },
    end: () => {
      const open = runsOf(world).find(({ state }) => !isFinal(state));
      return open === undefined ? null : `run ${open.id} is still ${open.state} (${open.reason?.message})`;
    },
  };
};

/** What was uploaded last was rendered; where nothing was wrong with it, whole. */
export const nothingIsLost: NewInvariant = (watched) => ({
  name: 'nothingIsLost',
  end: () => {
    for (const shot of watched.spec.shots) {
      const what = lossOf(watched, shot);
      if (what !== null) return `${shot.name}: ${what}`;
    }
    return null;
  },
});

function lossOf(watched: Watched, shot: ShotSpec): string | null {
  const { world } = watched;
  if (world.scenes.peek(pathOf(shot, 'blend')) === null) return null;
  const runs = runsOf(world).filter((run) => run.shot === shot.name);
  const last = runs.toSorted((a, b) => b.count - a.count)[0];
  if (last === undefined) return 'it is in the bucket and no run was made of it';
  if (!isSound(watched, shot)) return null;
  if (last.state !== 'completed')
    return `nothing is wrong with it, and it is ${last.state} (${last.reason?.message})`;
  // A picture that comes when its shot is done asks for nothing by itself.
  const now = world.scenes.peek(pathOf(shot, 'blend'))?.crc32c;
  const pinned = last.inputs.find(({ path }) => path === pathOf(shot, 'blend'))?.crc32c;
  return pinned === now ? null : `rendered of ${pinned}, uploaded was ${now}`;
}

/** Neither it nor what people said keeps it from being completed. Workers that break count against frames. */
function isSound({ spec, world, cancelled }: Watched, shot: ShotSpec): boolean {
  const memory = Math.max(...spec.policy.pools.map(({ memoryGiB }) => memoryGiB));
  const hasImage = !shot.hasImage || world.scenes.peek(pathOf(shot, 'image')) !== null;
  const wereBroken = spec.happenings.some((one) => one.kind === 'worker' && one.what !== 'preempt');
  const isWell = shot.fate === 'sound' && shot.memoryGiB <= memory && shot.maxDollars === null;
  return isWell && hasImage && !wereBroken && !cancelled.has(shot.name);
}

/** In finite time after the last upload the world is at zero, says so, and nothing with our label is left. */
export const endsAtZero: NewInvariant = ({ world }) => ({
  name: 'endsAtZero',
  end: (isOver) => {
    const { leftovers, stage } = memoryOf(world) ?? {};
    const charged = (['cluster', 'manager', 'worker'] as const).flatMap((kind) => world.bill.charged(kind));
    const open = runsOf(world).filter(({ state }) => !isFinal(state));
    const runs = open.map(({ id, state, reason }) => `${id} ${state} ${reason?.code}`);
    if (charged.length > 0) return `left and paid for: ${charged.join(', ')}; open runs: ${runs.join(', ')}`;
    const isSaid = stage === 'absent' && leftovers?.length === 0;
    if (!isSaid) return `at zero it says ${stage}, leftovers ${JSON.stringify(leftovers)}`;
    return isOver ? null : `commands or runs are left over: ${runs.join(', ')}`;
  },
});
