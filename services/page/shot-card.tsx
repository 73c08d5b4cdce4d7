import { useState } from 'preact/hooks';
import type { RunStatus } from '../control/core/status-document.ts';
import { useNow } from './desk.ts';
import { agoText, costText, etaText, forText, framesText, renderUrl, splitName } from './format.ts';
import { RunActions } from './run-actions.tsx';
import { isFinal, toneOf } from './run-words.ts';

interface Props {
  readonly run: RunStatus;
}

/** One shot: its last frame, how far it is, why it is as it is, and what can be done. */
export function ShotCard({ run }: Props) {
  const { folder, name } = splitName(run.shot);
  const numbers = [framesText(run.frames), etaText(run.etaSeconds, run.like), costText(run.dollars)].filter(
    (text) => text !== '',
  );
  return (
    <li class={`card ${toneOf(run.state)}`}>
      <div class="picture">
        <Picture run={run} />
      </div>
      <div class="about">
        <h3>
          <a href={`#/shot/${run.id}`}>
            {folder !== '' && <span class="folder">{folder}</span>}
            <bdi>{name}</bdi>
          </a>
          {run.version !== null && <span class="version">{run.version}</span>}
        </h3>
        <State run={run} />
        {run.frames.total > 0 && <Progress frames={run.frames} shot={run.shot} />}
        {numbers.length > 0 && <p class="numbers">{numbers.join(' · ')}</p>}
        <Reason run={run} />
        <Warnings warnings={run.warnings} />
        <RunActions run={run} />
      </div>
    </li>
  );
}

function Picture({ run }: Props) {
  const [hasFailed, setHasFailed] = useState<string | null>(null);
  if (run.thumbnail === null || hasFailed === run.thumbnail) return <span class="no-picture" />;
  const { thumbnail } = run;
  return (
    <img
      src={renderUrl(thumbnail)}
      alt={`Newest frame of ${run.shot}`}
      loading="lazy"
      decoding="async"
      onError={() => setHasFailed(thumbnail)}
    />
  );
}

export function State({ run }: Props) {
  const now = useNow(isFinal(run.state) ? 30_000 : 5000);
  return (
    <p class="state">
      <strong>{run.state}</strong>{' '}
      <time dateTime={run.since} title={new Date(run.since).toLocaleString()}>
        {isFinal(run.state) ? agoText(run.since, now) : forText(run.since, now)}
      </time>
      {run.requestedBy !== undefined && (
        <span class="soft">
          , asked for by <bdi>{run.requestedBy}</bdi>
        </span>
      )}
    </p>
  );
}

/** Done, in work, failed and the rest, as parts of one bar. */
export function Progress({ frames, shot }: Pick<RunStatus, 'frames' | 'shot'>) {
  const { total, done, active, failed } = frames;
  const percent = (count: number) => `${(100 * Math.min(count, total)) / total}%`;
  return (
    <div
      class="bar"
      role="progressbar"
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={done}
      aria-label={`${framesText(frames)} of ${shot}`}
    >
      <span class="done" style={{ width: percent(done) }} />
      <span class="active" style={{ width: percent(active) }} />
      <span class="failed" style={{ width: percent(failed) }} />
    </div>
  );
}

export function Reason({ run: { reason, state } }: Props) {
  // That all frames are proved is what "completed" says.
  if (reason === null || (state === 'completed' && reason.action === null)) return null;
  return (
    <>
      <p class="reason">{reason.message}</p>
      {reason.action !== null && <p class="advice">{reason.action}</p>}
    </>
  );
}

export function Warnings({ warnings }: Pick<RunStatus, 'warnings'>) {
  if (warnings.length === 0) return null;
  return (
    <details class="warnings">
      <summary>{warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`}</summary>
      <ul>
        {warnings.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </details>
  );
}
