import { pathProblem } from '../../control/http/object-paths.ts';
import { refusalOf, type ServiceClient } from '../service/service-client.ts';
import { type ShotVersion, viewsOf } from './shot-version.ts';

/**
 * Names of a proved frame's files, below the version's folder: those of its views and what the kit recorded (File Output
 * nodes write more). Throws `ServiceError`.
 */
export async function filesOfFrame(
  client: ServiceClient,
  { folder, proved }: ShotVersion,
  frame: number,
): Promise<readonly string[]> {
  const run = proved.get(frame);
  const views = run === undefined ? [] : viewsOf(run, frame);
  const recorded = await recordedFiles(client, `${folder}/records/${String(frame).padStart(4, '0')}.json`);
  return [...new Set([...views, ...recorded])];
}

async function recordedFiles(client: ServiceClient, path: string): Promise<readonly string[]> {
  const response = await client.open(`/renders/${path.split('/').map(encodeURIComponent).join('/')}`, {});
  if (response.status === 404) {
    await response.body?.cancel();
    return [];
  }
  if (!response.ok) throw await refusalOf(response);
  const record = (await response.json().catch(() => null)) as { readonly files?: unknown } | null;
  if (!Array.isArray(record?.files)) return [];
  return record.files.flatMap((file: { readonly path?: unknown } | null) => {
    const name = file?.path;
    // A worker wrote it: a name must not lead out of the folder that people chose.
    return typeof name === 'string' && pathProblem(name) === null ? [name] : [];
  });
}
