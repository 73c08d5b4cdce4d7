import { useMemo, useState } from 'preact/hooks';
import type { RunStatus, StatusDocument } from '../control/core/status-document.ts';
import { useNow } from './desk.ts';
import { agoText, saysMore } from './format.ts';

interface Props {
  readonly decisions: StatusDocument['decisions'];
  readonly runs: readonly RunStatus[];
  /** Only what this shot is named in; the choice is not offered then. */
  readonly shot?: string;
}

const FIRST = 12;

/** The last decisions in words, newest first. */
export function Why({ decisions, runs, shot }: Props) {
  const now = useNow(5000);
  const [chosen, setChosen] = useState('');
  const [isWhole, setIsWhole] = useState(false);
  const shots = useMemo(() => [...new Set(runs.map((run) => run.shot))].sort(), [runs]);
  const wanted = shot ?? chosen;
  const found =
    wanted === '' ? decisions : decisions.filter(({ what, reason }) => isOf(wanted, `${what} ${reason}`));
  const shown = isWhole ? found : found.slice(0, FIRST);
  return (
    <section class="panel why" aria-labelledby="why-title">
      <header>
        <h2 id="why-title">Why</h2>
        {shot === undefined && shots.length > 1 && (
          <select
            aria-label="Decisions of which shot"
            value={chosen}
            onChange={(event) => setChosen(event.currentTarget.value)}
          >
            <option value="">All shots</option>
            {shots.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        )}
      </header>
      {found.length === 0 && (
        <p class="nothing">Nothing was decided {wanted === '' ? 'yet' : 'about it lately'}.</p>
      )}
      <ol>
        {shown.map(({ at, what, reason }) => (
          <li key={`${at}${what}${reason}`}>
            <time dateTime={at} title={new Date(at).toLocaleString()}>
              {agoText(at, now)}
            </time>
            <p>{what}</p>
            {saysMore(what, reason) && <p class="soft">{reason}</p>}
          </li>
        ))}
      </ol>
      {found.length > shown.length && (
        <button type="button" class="quiet" onClick={() => setIsWhole(true)}>
          {found.length - shown.length} earlier
        </button>
      )}
    </section>
  );
}

/** `film/sh01` is not named in what is about `film/sh010`. */
function isOf(shot: string, text: string): boolean {
  const at = text.indexOf(shot);
  return at >= 0 && !/[\w.-]/.test(text.charAt(at + shot.length).replace('.', ''));
}
