import { bytesText, durationText, plural } from '../format.ts';
import type { Progress } from './sending.ts';
import { stopSending } from './stop.ts';

/** How far the sending is, how fast, and what it does when the connection is lost. */
export function SendProgress({ progress }: { readonly progress: Progress }) {
  const { phase, bytesTotal, bytesSent, filesDone, filesTotal, current } = progress;
  const isOver = phase === 'done' || phase === 'failed';
  return (
    <section class={`panel progress ${phase}`} aria-label="Sending">
      <header>
        <h2>
          <span role="status">{titleOf(progress)}</span>
        </h2>
        {!isOver && (
          <button type="button" onClick={stopSending}>
            Stop
          </button>
        )}
      </header>
      <div
        class="bar"
        role="progressbar"
        aria-label="Sent"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(100 * share(progress))}
      >
        <span class={phase === 'failed' ? 'failed' : 'done'} style={{ width: `${100 * share(progress)}%` }} />
      </div>
      <p class="numbers">
        {filesDone} of {plural(filesTotal, 'file')}
        {progress.filesSkipped > 0 ? `, ${progress.filesSkipped} there already` : ''} · {bytesText(bytesSent)}{' '}
        of {bytesText(bytesTotal)}
        {phase === 'sending' && progress.isConnected ? speedText(progress) : ''}
      </p>
      {!isOver && current.length > 0 && <p class="soft current">{current.join(', ')}</p>}
      {progress.problem !== null && <p class="reason">{progress.problem}</p>}
      {phase === 'done' && (
        <a class="button primary" href="#/">
          See it render
        </a>
      )}
    </section>
  );
}

function titleOf({ phase, isConnected, shots, filesSkipped, filesTotal }: Progress): string {
  if (phase === 'failed') return 'Not everything was sent';
  if (phase === 'done' && filesSkipped === filesTotal)
    return 'Everything was there already: nothing new was sent';
  if (phase === 'done') return `${plural(shots.length, 'shot')} handed over`;
  if (!isConnected) return 'Connection lost: it goes on by itself when it is back';
  return phase === 'comparing' ? 'Looking which files are there already…' : 'Sending…';
}

function share({ phase, bytesTotal, bytesSent }: Progress): number {
  if (phase === 'done') return 1;
  return bytesTotal === 0 ? 0 : Math.min(1, bytesSent / bytesTotal);
}

function speedText({ bytesPerSecond, bytesTotal, bytesSent }: Progress): string {
  if (bytesPerSecond <= 0) return '';
  return ` · ${bytesText(Math.round(bytesPerSecond))}/s, ${durationText((bytesTotal - bytesSent) / bytesPerSecond)} left`;
}
