import { framesOf } from '../../control/core/frames.ts';
import { frameFiles } from '../../control/core/output-names.ts';
import { isFinal, type RunRecord, rendersFolder } from '../../control/core/run.ts';

/** What there is to fetch of one version of a shot now. */
export interface ShotVersion {
  /** In the renders bucket: `film/sh010/v002`. */
  readonly folder: string;
  readonly version: number;
  /** Each frame that is proved, with the run that proved it last. */
  readonly proved: ReadonlyMap<number, RunRecord>;
  /** Every frame that some run of this version was to render. */
  readonly wanted: number;
  /** No run of it goes on. */
  readonly isEnded: boolean;
}

/** The shot's version, or its newest, by its runs; `null` = there is none. */
export function versionOf(runsOfShot: readonly RunRecord[], version: number | null): ShotVersion | null {
  const runs = runsOfShot.filter((run) => run.version !== null);
  const newest = version ?? Math.max(0, ...runs.map((run) => run.version ?? 0));
  const ofIt = runs.filter((run) => run.version === newest).sort((a, b) => a.count - b.count);
  const [first] = ofIt;
  if (first === undefined) return null;
  const proved = new Map<number, RunRecord>();
  const wanted = new Set<number>();
  for (const run of ofIt) {
    const own = new Set(framesOf(run.proved));
    for (const frame of framesOf(run.frames ?? '')) {
      wanted.add(frame);
      if (own.has(frame)) proved.set(frame, run);
      // It may be written over at this moment.
      else if (run.startedAt !== null && !isFinal(run.state)) proved.delete(frame);
    }
  }
  const isEnded = ofIt.every(({ state }) => isFinal(state));
  return { folder: rendersFolder(first), version: newest, proved, wanted: wanted.size, isEnded };
}

/** Names of a frame's files below the version's folder, as far as the run itself knows them: one a view. */
export function viewsOf(run: RunRecord, frame: number): readonly string[] {
  return run.output === null ? [] : frameFiles(run.output, frame);
}
