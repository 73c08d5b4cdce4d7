import { useState } from 'preact/hooks';
import { frameFiles } from '../../control/core/output-names.ts';
import type { RunRecord } from '../../control/core/run.ts';
import type { FrameRecord } from '../../control/http/frames.ts';
import { bytesText, durationText, renderUrl } from '../format.ts';
import { thumbUrl } from './frame-grid.tsx';
import { type FrameState, STATE_TEXTS } from './frame-states.ts';

interface Props {
  readonly run: RunRecord;
  readonly folder: string;
  readonly frame: number;
  readonly state: FrameState;
  readonly record: FrameRecord | undefined;
  readonly onAgain: (frame: number) => void;
  readonly onClose: () => void;
}

/** One frame: its picture, who rendered it and how long, its files, and what its log says. */
export function FramePanel({ run, folder, frame, state, record, onAgain, onClose }: Props) {
  const trouble = run.troubles.find((one) => one.frame === frame);
  const isThere = state === 'proved' || state === 'rendered';
  const planned =
    run.output === null ? [] : frameFiles(run.output, frame).map((path) => ({ path, bytes: null }));
  const files = record?.files ?? planned;
  const error = record?.error ?? trouble?.message ?? null;
  const log = state === 'failed' || error !== null ? (record?.log ?? trouble?.log ?? '') : '';
  return (
    <section class="panel frame-panel" aria-label={`Frame ${frame}`}>
      <header>
        <h2>Frame {frame}</h2>
        <span class={`chip ${state}`}>{STATE_TEXTS[state]}</span>
        <button type="button" class="quiet" aria-label={`Close frame ${frame}`} onClick={onClose}>
          ×
        </button>
      </header>
      {isThere && <Picture key={frame} url={thumbUrl(folder, frame, run.startedAt)} frame={frame} />}
      <dl class="pairs">
        <Pair name="Worker" value={record?.worker} />
        <Pair name="Took" value={record?.seconds === undefined ? undefined : durationText(record.seconds)} />
        <Pair name="Loading" value={record?.loadSeconds ? durationText(record.loadSeconds) : undefined} />
        <Pair
          name="Memory"
          value={record?.peakMemoryMiB ? bytesText(record.peakMemoryMiB * 1024 ** 2) : undefined}
        />
        <Pair name="Device" value={record?.device} />
        <Pair name="Attempt" value={record?.attempt === undefined ? undefined : String(record.attempt)} />
      </dl>
      {error !== null && state !== 'proved' && <p class="reason">{error}</p>}
      {(record?.warnings ?? []).map((text) => (
        <p class="advice" key={text}>
          {text}
        </p>
      ))}
      {log !== '' && (
        <textarea
          class="log"
          readOnly
          rows={10}
          aria-label={`Last lines of the log of frame ${frame}`}
          value={log}
        />
      )}
      <div class="actions">
        {isThere &&
          files.map(({ path, bytes }) => (
            <a
              class="button"
              key={path}
              href={renderUrl(`${folder}/${path}`)}
              download={path.replaceAll('/', '_')}
            >
              {path} {bytes === null ? '' : bytesText(bytes)} ↓
            </a>
          ))}
        {run.endedAt !== null && (
          <button type="button" onClick={() => onAgain(frame)}>
            Render this frame again…
          </button>
        )}
      </div>
    </section>
  );
}

function Picture({ url, frame }: { readonly url: string; readonly frame: number }) {
  const [hasFailed, setHasFailed] = useState(false);
  if (hasFailed) return null;
  return <img class="large" src={url} alt={`Frame ${frame}`} onError={() => setHasFailed(true)} />;
}

function Pair({ name, value }: { readonly name: string; readonly value: string | undefined }) {
  if (value === undefined || value === '') return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
