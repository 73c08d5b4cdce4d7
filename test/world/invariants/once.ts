import { framesOf } from '../../../services/control/core/frames.ts';
import { frameFiles } from '../../../services/control/core/output-names.ts';
import { isFinal, rendersFolder } from '../../../services/control/core/run.ts';
import { runsOf } from '../../sim/world.ts';
import { stampOfPins } from '../buckets.ts';
import type { NewInvariant } from '../watch.ts';

const LIVE = new Set(['under-construction', 'queued', 'active', 'requeueing', 'pause-requested', 'paused']);

/** Never two runs alive of one shot: they would render into the same folder. Between two writes of a pass there may be. */
export const oneRun: NewInvariant = ({ world }) => ({
  name: 'oneRun',
  passed: () => {
    const open = runsOf(world).filter(({ state }) => !isFinal(state));
    const shots = open.map(({ shot }) => shot);
    const twice = shots.find((shot, index) => shots.indexOf(shot) !== index);
    return twice === undefined ? null : `${twice} has two runs that live`;
  },
});

/** Never two jobs alive for one run. */
export const oneJob: NewInvariant = ({ world: { manager } }) => ({
  name: 'oneJob',
  after: ({ name }) => {
    if (name !== 'manager.submit' && name !== 'manager.setJobStatus') return null;
    const live = [...manager.farm.jobs.values()].filter(({ status }) => LIVE.has(status));
    const runs = live.map(({ metadata }) => metadata.run);
    const twice = runs.find((run, index) => runs.indexOf(run) !== index);
    return twice === undefined ? null : `run ${twice} has two jobs that live`;
  },
});

/** A completed run is all there, and every frame of it was made of exactly the bytes that it is pinned to. */
export const oneVersion: NewInvariant = ({ buckets }) => ({
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
