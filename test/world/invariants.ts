import { framesOf } from '../../services/control/core/frames.ts';
import type { FarmMemory } from '../../services/control/core/model.ts';
import { frameFiles } from '../../services/control/core/output-names.ts';
import { isFinal, type RunRecord, rendersFolder } from '../../services/control/core/run.ts';
import { memoryOf, runsOf } from '../sim/world.ts';
import { stampOfPins } from './buckets.ts';
import type { NewInvariant } from './watch.ts';

const LIVE_JOBS = new Set([
  'under-construction',
  'queued',
  'active',
  'requeueing',
  'pause-requested',
  'paused',
]);

/** Every run ends exactly once, and says why when it is not completed. A rejection may revive: what it complained of changed. */
const endsOnce: NewInvariant = ({ world }) => {
  const before = new Map<string, RunRecord>();
  return {
    name: 'endsOnce',
    wrote: (run) => {
      const last = before.get(run.id);
      before.set(run.id, run);
      if (last !== undefined && isFinal(last.state) && last.state !== 'rejected' && last.state !== run.state)
        return `run ${run.id} was ${last.state} and is ${run.state} now`;
      if (isFinal(run.state) && run.state !== 'completed' && run.reason === null)
        return `run ${run.id} is ${run.state} without a reason`;
      return null;
    },
    end: () => {
      const open = runsOf(world).find(({ state }) => !isFinal(state));
      return open === undefined ? null : `run ${open.id} is still ${open.state} (${open.reason?.message})`;
    },
  };
};

/** Never two jobs alive for one run. */
const oneJob: NewInvariant = ({ world: { manager } }) => ({
  name: 'oneJob',
  after: ({ name }) => {
    if (name !== 'manager.submit' && name !== 'manager.setJobStatus') return null;
    const live = [...manager.farm.jobs.values()].filter(({ status }) => LIVE_JOBS.has(status));
    const runs = live.map(({ metadata }) => metadata.run);
    const twice = runs.find((run, index) => runs.indexOf(run) !== index);
    return twice === undefined ? null : `run ${twice} has two jobs that live`;
  },
});

/** A completed run is all there, and every frame of it was made of exactly the bytes that it is pinned to. */
const oneVersion: NewInvariant = ({ buckets }) => ({
  name: 'oneVersion',
  wrote: (run) => {
    if (run.state !== 'completed' || run.output === null) return null;
    const pinned = stampOfPins(run);
    for (const frame of framesOf(run.frames ?? '')) {
      for (const file of frameFiles(run.output, frame)) {
        const stamp = buckets.stampOf(`${rendersFolder(run)}/${file}`);
        if (stamp !== pinned) return `run ${run.id}: frame ${frame} is of ${stamp}, the run of ${pinned}`;
      }
    }
    return null;
  },
});

/** In finite time after the last upload the world is at zero, and says so. */
const endsAtZero: NewInvariant = ({ world }) => ({
  name: 'endsAtZero',
  end: (isOver) => {
    if (!isOver) return `not over: ${describe(world)}`;
    const { leftovers, stage }: Partial<FarmMemory> = memoryOf(world) ?? {};
    return stage === 'absent' && leftovers?.length === 0
      ? null
      : `it says ${stage}, leftovers ${JSON.stringify(leftovers)}`;
  },
});

function describe(world: Parameters<NewInvariant>[0]['world']): string {
  const open = runsOf(world).filter(({ state }) => !isFinal(state));
  const runs = open.map(({ id, state, reason }) => `${id} ${state} ${reason?.code}`).join(', ');
  const charged = (['cluster', 'manager', 'worker'] as const).flatMap((kind) => world.bill.charged(kind));
  return `stage ${memoryOf(world)?.stage}, open runs [${runs}], charged [${charged}]`;
}

export const INVARIANTS: readonly NewInvariant[] = [endsOnce, oneJob, oneVersion, endsAtZero];
