import { isFinal, type RunRecord } from '../../control/core/run.ts';
import type { StatusDocument } from '../../control/core/status-document.ts';
import { refusalOf, type ServiceClient, ServiceError } from '../service/service-client.ts';

/** A status that is too long names not all runs: all records are read again now and then. */
const READ_ALL_EVERY_MS = 10 * 60_000;

interface Options {
  readonly client: ServiceClient;
  readonly shot: string;
  readonly now: () => number;
}

/**
 * Reads the records of a shot's runs: all at first, since the status tells only of the last ones; then those alone that the
 * status shows to have changed. Throws `ServiceError`.
 */
export function createRunsOfShot({ client, shot, now }: Options): () => Promise<readonly RunRecord[]> {
  const known = new Map<string, RunRecord>();
  /** What the status said of a run when its record was read. */
  const told = new Map<string, string>();
  let etag: string | null = null;
  let readAllAt: number | null = null;

  async function readAll(): Promise<void> {
    for (const run of await allRuns(client)) if (run.shot === shot) known.set(run.id, run);
  }

  async function readChanged(): Promise<void> {
    const response = await client.open('/status', etag === null ? {} : { 'if-none-match': etag });
    if (response.status === 304) return;
    if (!response.ok) throw await refusalOf(response);
    const { runs } = (await response.json()) as StatusDocument;
    const ofShot = new Map(
      runs.filter((run) => run.shot === shot).map((run) => [run.id, JSON.stringify(run)]),
    );
    const changed = [...ofShot].filter(([id, text]) => told.get(id) !== text).map(([id]) => id);
    const untold = [...known.values()].filter(({ id, state }) => !isFinal(state) && !ofShot.has(id));
    for (const id of new Set([...changed, ...untold.map((run) => run.id)])) {
      const run = await readRun(client, id);
      if (run === null) known.delete(id);
      else known.set(id, run);
      const text = ofShot.get(id);
      if (text !== undefined) told.set(id, text);
    }
    // Only now: what could not be read is read the next time.
    etag = response.headers.get('etag');
  }

  return async () => {
    if (readAllAt !== null && now() - readAllAt < READ_ALL_EVERY_MS) await readChanged();
    else {
      await readAll();
      readAllAt = now();
    }
    return [...known.values()];
  };
}

/** `null` = it is not on record any more: what it was of is a library after all. */
async function readRun(client: ServiceClient, id: string): Promise<RunRecord | null> {
  return client.get<RunRecord>(`/status/runs/${id}`).catch((error: unknown) => {
    if (error instanceof ServiceError && error.status === 404) return null;
    throw error;
  });
}

async function allRuns(client: ServiceClient): Promise<readonly RunRecord[]> {
  const runs: RunRecord[] = [];
  for (let after: string | null = null; ; ) {
    const query: string = after === null ? '' : `?after=${encodeURIComponent(after)}`;
    const page: { readonly runs: readonly RunRecord[]; readonly next: string | null } = await client.get(
      `/status/runs${query}`,
    );
    runs.push(...page.runs);
    if (page.next === null) return runs;
    after = page.next;
  }
}
