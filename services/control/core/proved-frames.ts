import { framesOf } from './frames.ts';
import { frameFiles } from './output-names.ts';
import { isFinal, type RunRecord } from './run.ts';
import type { EpochMs } from './time.ts';

/** What is proved of one version of a shot. */
export interface ProvedFrames {
  /** Each frame that is, with the run that proved it last. */
  readonly proved: ReadonlyMap<number, RunRecord>;
  /**
   * Of these, the ones that a later run was to render, too, and has ended without proving: since when their files may be
   * that run's. Whose they are the kit's record tells (reconcile/prove.ts).
   */
  readonly doubtedSince: ReadonlyMap<number, EpochMs>;
  /** Every frame that some run of this version was to render. */
  readonly wanted: number;
  /** No run of it goes on. */
  readonly isEnded: boolean;
}

/** `runs`: all of one version. A frame that a run may be writing over at this moment is not proved. */
export function provedFrames(runs: readonly RunRecord[]): ProvedFrames {
  const proved = new Map<number, RunRecord>();
  const doubtedSince = new Map<number, EpochMs>();
  const wanted = new Set<number>();
  for (const run of runs.toSorted((a, b) => a.count - b.count)) {
    const own = new Set(framesOf(run.proved));
    for (const frame of framesOf(run.frames ?? '')) {
      wanted.add(frame);
      if (own.has(frame)) {
        proved.set(frame, run);
        doubtedSince.delete(frame);
      } else if (run.startedAt !== null && proved.has(frame)) {
        if (!isFinal(run.state)) proved.delete(frame);
        else if (!doubtedSince.has(frame)) doubtedSince.set(frame, run.startedAt);
      }
    }
  }
  return { proved, doubtedSince, wanted: wanted.size, isEnded: runs.every(({ state }) => isFinal(state)) };
}

/** Names of a frame's files below the version's folder, as far as the run itself knows them: one a view. */
export function viewsOf({ output }: RunRecord, frame: number): readonly string[] {
  return output === null ? [] : frameFiles(output, frame);
}

/**
 * Whether a name below the version's folder is where File Output nodes write. The kit's record names them; whoever could write
 * it (the shot's own Python, too) could name anything else there, and people would put that into folders of their own.
 */
export function isOfNodes(name: string): boolean {
  return name.startsWith('outputs/');
}
