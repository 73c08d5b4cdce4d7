import { framesOf } from './frames.ts';
import { isFinal, type RunRecord } from './run.ts';

/** What is proved of one version of a shot. */
export interface ProvedFrames {
  /** Each frame that is, with the run that proved it last. */
  readonly proved: ReadonlyMap<number, RunRecord>;
  /** Every frame that some run of this version was to render. */
  readonly wanted: number;
  /** No run of it goes on. */
  readonly isEnded: boolean;
}

/** `runs`: all of one version. A frame that a run may be writing over at this moment is not proved. */
export function provedFrames(runs: readonly RunRecord[]): ProvedFrames {
  const proved = new Map<number, RunRecord>();
  const wanted = new Set<number>();
  for (const run of runs.toSorted((a, b) => a.count - b.count)) {
    const own = new Set(framesOf(run.proved));
    for (const frame of framesOf(run.frames ?? '')) {
      wanted.add(frame);
      if (own.has(frame)) proved.set(frame, run);
      else if (run.startedAt !== null && !isFinal(run.state)) proved.delete(frame);
    }
  }
  return { proved, wanted: wanted.size, isEnded: runs.every(({ state }) => isFinal(state)) };
}
