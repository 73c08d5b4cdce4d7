import { type ProvedFrames, provedFrames } from '../../control/core/proved-frames.ts';
import { isFinal, type RunRecord, rendersFolder } from '../../control/core/run.ts';

/** What there is to fetch of one version of a shot now. */
export interface ShotVersion extends ProvedFrames {
  /** In the renders bucket: `film/sh010/v002`. */
  readonly folder: string;
  readonly version: number;
}

/** The shot's version, or its newest, by its runs; `null` = there is none. */
export function versionOf(runsOfShot: readonly RunRecord[], version: number | null): ShotVersion | null {
  const runs = runsOfShot.filter((run) => run.version !== null);
  const newest = version ?? Math.max(0, ...runs.map((run) => run.version ?? 0));
  const ofIt = runs.filter((run) => run.version === newest);
  const [first] = ofIt;
  if (first === undefined) return null;
  return { folder: rendersFolder(first), version: newest, ...provedFrames(ofIt) };
}

/** A run that has no version yet and may get a newer one than all there are; `null` = none, or another one was asked for. */
export function comingRun(runsOfShot: readonly RunRecord[], version: number | null): RunRecord | null {
  if (version !== null) return null;
  return runsOfShot.find((run) => run.version === null && !isFinal(run.state)) ?? null;
}
