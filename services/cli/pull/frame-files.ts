import { isOfNodes, viewsOf } from '../../control/core/proved-frames.ts';
import { recordPath } from '../../control/core/run.ts';
import { pathProblem } from '../../control/http/object-paths.ts';
import { refusalOf, type ServiceClient } from '../service/service-client.ts';
import type { ShotVersion } from './shot-version.ts';

/** The files of a proved frame, as names below the version's folder. */
export interface FrameFiles {
  readonly names: readonly string[];
  /** A file that is as new as this is perhaps another run's (core/proved-frames.ts), since the record is; `null` = all are the run's. */
  readonly othersSince: number | null;
}

/** Those of its views and what the kit recorded (File Output nodes write more). Throws `ServiceError`. */
export async function filesOfFrame(
  client: ServiceClient,
  { folder, proved, doubtedSince }: ShotVersion,
  frame: number,
): Promise<FrameFiles> {
  const run = proved.get(frame);
  const views = run === undefined ? [] : viewsOf(run, frame);
  const record = await readRecord(client, recordPath(folder, frame));
  const since = doubtedSince.get(frame);
  if (since !== undefined && record?.run !== run?.id) return { names: views, othersSince: since };
  return { names: [...new Set([...views, ...recordedFiles(record)])], othersSince: null };
}

interface RecordRead {
  readonly run?: unknown;
  readonly files?: unknown;
}

async function readRecord(client: ServiceClient, path: string): Promise<RecordRead | null> {
  const response = await client.open(`/renders/${path.split('/').map(encodeURIComponent).join('/')}`, {});
  if (response.status === 404) {
    await response.body?.cancel();
    return null;
  }
  if (!response.ok) throw await refusalOf(response);
  return (await response.json().catch(() => null)) as RecordRead | null;
}

function recordedFiles(record: RecordRead | null): readonly string[] {
  if (!Array.isArray(record?.files)) return [];
  return record.files.flatMap((file: { readonly path?: unknown } | null) => {
    const name = file?.path;
    // A worker wrote it: a name must not lead out of the folder that people chose.
    return typeof name === 'string' && isOfNodes(name) && pathProblem(name) === null ? [name] : [];
  });
}
