import { useMemo, useState } from 'preact/hooks';
import type { RunRecord } from '../control/core/run.ts';
import type { RunStatus, StatusDocument } from '../control/core/status-document.ts';
import { get, problemText } from './api.ts';
import { plural } from './format.ts';
import { statusOfRecord } from './older-runs.ts';
import { isFinal, newestOfEachShot } from './run-words.ts';
import { ShotCard } from './shot-card.tsx';

/** With so many shots looking for one by eye takes too long. */
const FILTER_FROM = 9;

interface RunsPage {
  readonly runs: readonly RunRecord[];
  readonly next: string | null;
}

/** One card a shot, what is not over first. Cards off screen are not drawn (`content-visibility`). */
export function Shots({ status }: { readonly status: StatusDocument }) {
  const [older, setOlder] = useState<readonly RunStatus[]>([]);
  const [wanted, setWanted] = useState('');
  const all = useMemo(() => {
    const known = new Set(status.runs.map(({ id }) => id));
    return newestOfEachShot([...status.runs, ...older.filter(({ id }) => !known.has(id))]);
  }, [status.runs, older]);
  const found = all.filter(({ shot }) => shot.toLowerCase().includes(wanted.toLowerCase()));
  const open = found.filter(({ state }) => !isFinal(state));
  const over = found.filter(({ state }) => isFinal(state));
  return (
    <section class="shots" aria-label="Shots">
      {all.length >= FILTER_FROM && (
        <input
          type="search"
          aria-label="Show only shots whose name has"
          placeholder={`Find among ${plural(all.length, 'shot')}`}
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      )}
      {all.length === 0 && <Empty />}
      <Group title={`In work (${open.length})`} runs={open} />
      <Group title={`Over (${over.length})`} runs={over} />
      {all.length > 0 && found.length === 0 && <p class="nothing">No shot has that in its name.</p>}
      {status.runs.length >= 50 && <Older onFound={setOlder} />}
    </section>
  );
}

function Group({ title, runs }: { readonly title: string; readonly runs: readonly RunStatus[] }) {
  if (runs.length === 0) return null;
  return (
    <>
      <h2>{title}</h2>
      <ul class="cards">
        {runs.map((run) => (
          <Kept key={run.shot} run={run} />
        ))}
      </ul>
    </>
  );
}

/** The same run is the same card: nothing of it is compared again. */
function Kept({ run }: { readonly run: RunStatus }) {
  return useMemo(() => <ShotCard run={run} />, [run]);
}

function Empty() {
  return (
    <div class="empty">
      <p>Nothing yet.</p>
      <p class="soft">
        Drop a project folder anywhere on this page, or copy it into the scenes folder: it is read, checked
        and rendered.
      </p>
      <a class="button primary" href="#/send">
        Send a shot
      </a>
    </div>
  );
}

/** The status holds what is open and what ended last; all others are on record. */
function Older({ onFound }: { readonly onFound: (runs: readonly RunStatus[]) => void }) {
  const [said, setSaid] = useState<string | null>(null);
  async function load(): Promise<void> {
    try {
      const runs: RunRecord[] = [];
      for (let after: string | null = ''; after !== null; ) {
        const page: RunsPage = await get(`/status/runs${after === '' ? '' : `?after=${after}`}`);
        runs.push(...page.runs);
        after = page.next;
        setSaid(`${plural(runs.length, 'run')} read…`);
      }
      onFound(runs.sort((a, b) => b.receivedAt - a.receivedAt).map(statusOfRecord));
      setSaid('');
    } catch (error) {
      setSaid(problemText(error));
    }
  }
  if (said === '') return null;
  return (
    <p class="older">
      <button type="button" class="quiet" disabled={said?.endsWith('…')} onClick={load}>
        Show all that ever ran
      </button>{' '}
      <span role="status">{said}</span>
    </p>
  );
}
