import { framesOf } from '../control/core/frames.ts';
import {
  askedBy,
  NEW_RUN,
  type RunRecord,
  rendersFolder,
  thumbnailPath,
  versionName,
} from '../control/core/run.ts';
import type { RunStatus } from '../control/core/status-document.ts';

/** What the status would say of a run that it does not hold any more. */
export function statusOfRecord(run: RunRecord): RunStatus {
  const proved = framesOf(run.proved);
  const last = proved.at(-1);
  // The record as it was written: an earlier version did not know who had sent it.
  const by = askedBy({ ...NEW_RUN, ...run });
  return {
    id: run.id,
    shot: run.shot,
    version: run.version === null ? null : versionName(run.version),
    state: run.state,
    since: new Date(run.stateSince).toISOString(),
    reason: run.reason,
    frames: {
      total: framesOf(run.frames ?? '').length,
      done: proved.length,
      active: 0,
      failed: run.troubles.filter(({ frame }) => !proved.includes(frame)).length,
    },
    etaSeconds: null,
    dollars: { soFar: run.dollars, p10: run.dollars, p50: run.dollars, p90: run.dollars },
    thumbnail: last === undefined ? null : thumbnailPath(rendersFolder(run), last),
    warnings: run.warnings,
    ...(by === null ? {} : { requestedBy: by }),
  };
}
