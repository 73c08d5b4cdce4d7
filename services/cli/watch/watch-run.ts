import { setTimeout as delay } from 'node:timers/promises';
import { framesOf } from '../../control/core/frames.ts';
import { plainText } from '../../control/core/plain-text.ts';
import { isFinal, type RunRecord, versionName } from '../../control/core/run.ts';
import type { RunStatus, StatusDocument } from '../../control/core/status-document.ts';
import { createProgress, type ProgressOptions } from '../progress.ts';
import { untilItPasses } from '../service/patience.ts';
import { type ServiceClient, ServiceError } from '../service/service-client.ts';

interface Options {
  readonly client: ServiceClient;
  readonly shot: string;
  /** The shot's newest run before it was sent; `null` = there was none. */
  readonly after: string | null;
  readonly out?: ProgressOptions['out'] & { readonly isTTY?: boolean };
}

const ASK_EVERY_MS = 1000;
/** In the cloud a tick may be a minute away; then the shot settles. The same bytes once more make no new run. */
const NEW_RUN_WITHIN_MS = 180_000;

/** Id of the newest run of a shot; `null` = none is known. Throws `ServiceError`. */
export async function latestRunOf(client: ServiceClient, shot: string): Promise<string | null> {
  return newestOf(await client.get<StatusDocument>('/status'), shot)?.id ?? null;
}

/**
 * Shows how a shot goes until its run ends. A superseded one is followed by that of the files that took its place. Resolves to
 * the exit code: 0 = completed. Throws `ServiceError`.
 */
export async function watchRun({ client, shot, after, out = process.stdout }: Options): Promise<number> {
  const progress = createProgress({ out, isTTY: out.isTTY === true, now: Date.now });
  let givesUpAt = Date.now() + NEW_RUN_WITHIN_MS;
  let replaced: string | null = null;
  let ours: string | null = null;
  for (;;) {
    const status = await askFor<StatusDocument>(client, '/status');
    const run: RunStatus | null =
      newestOf(status, shot) ?? (ours === null ? null : await onRecord(client, ours));
    const isOurs = run !== null && (run.id !== after || !isFinal(run.state));
    if (isOurs) ours = run.id;
    if (isOurs) progress.show({ ...status, runs: [run] });
    // The same files sent once more join the run that goes on.
    const wasRendered = run !== null && run.id === ours;
    if (wasRendered && run.state === 'superseded' && run.id !== replaced) {
      replaced = run.id;
      givesUpAt = Date.now() + NEW_RUN_WITHIN_MS;
    }
    const isLast = isOurs && run.id !== replaced;
    if (run !== null && isFinal(run.state) && (isLast || Date.now() > givesUpAt)) {
      progress.done();
      out.write(`${plainText(endText(run, wasRendered))}\n`);
      return run.state === 'completed' ? 0 : 1;
    }
    if (run === null && Date.now() > givesUpAt)
      throw new ServiceError(`${shot} was sent, but no run of it was seen. Look at the page.`, null);
    await delay(ASK_EVERY_MS);
  }
}

/** A service that is being restarted is waited for. */
async function askFor<T>(client: ServiceClient, path: string): Promise<T> {
  return untilItPasses(() => client.get<T>(path));
}

/** A status that would be too long leaves out runs that have ended, and with very many shots older ones that are open. */
async function onRecord(client: ServiceClient, id: string): Promise<RunStatus> {
  const run = await askFor<RunRecord>(client, `/status/runs/${id}`);
  const [total, done] = [framesOf(run.frames ?? '').length, framesOf(run.proved).length];
  return {
    ...{ id, shot: run.shot, version: run.version === null ? null : versionName(run.version) },
    ...{ state: run.state, since: new Date(run.stateSince).toISOString(), reason: run.reason },
    frames: { total, done, active: 0, failed: 0 },
    etaSeconds: null,
    dollars: { soFar: run.dollars, p10: null, p50: null, p90: null },
    ...{ thumbnail: null, warnings: run.warnings },
  };
}

/** The status lists the newest first. */
function newestOf(status: StatusDocument, shot: string): RunStatus | null {
  return status.runs.find((run) => run.shot === shot) ?? null;
}

function endText(run: RunStatus, wasRendered: boolean): string {
  const { done, total } = run.frames;
  const again = wasRendered ? '' : ' It was the same as before: nothing was rendered again.';
  const why = run.reason === null || run.state === 'completed' ? '' : ` ${run.reason.message}`;
  return `${run.shot} ${run.version ?? ''} is ${run.state}: ${done} of ${total} frames.${why}${again}`;
}
