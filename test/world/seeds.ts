// A thread of run.ts: every `step`th seed.
import { parentPort, workerData } from 'node:worker_threads';
import { drawWorld } from './draw.ts';
import { type Outcome, runWorld } from './world.ts';

export interface SeedDone extends Pick<Outcome, 'violation' | 'counts' | 'faults'> {
  readonly seed: number;
}

const { from, step, to } = workerData as {
  readonly from: number;
  readonly step: number;
  readonly to: number;
};
for (let seed = from; seed <= to; seed += step) {
  const { violation, counts, faults } = await runWorld(drawWorld(seed));
  parentPort?.postMessage({ seed, violation, counts, faults } satisfies SeedDone);
}
