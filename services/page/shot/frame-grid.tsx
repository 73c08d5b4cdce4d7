import { useEffect, useRef, useState } from 'preact/hooks';
import { type RunRecord, thumbnailPath } from '../../control/core/run.ts';
import { plural, renderUrl } from '../format.ts';
import { type FrameStates, STATE_TEXTS } from './frame-states.ts';
import { BLOCK, type Frames } from './use-frames.ts';

interface Props {
  readonly run: RunRecord;
  readonly folder: string;
  readonly states: FrameStates;
  readonly frames: Frames;
  readonly chosen: number | null;
  readonly onChoose: (frame: number) => void;
}

/** With more frames than this, dots tell more than pictures. */
const PICTURES_UP_TO = 240;

/** All frames of a run; blocks of a hundred, of which only those near the screen are drawn. Arrow keys go from frame to frame. */
export function FrameGrid(props: Props) {
  const { states, chosen, onChoose } = props;
  const { frames } = states;
  const [hasPictures, setHasPictures] = useState(frames.length <= PICTURES_UP_TO);
  const place = useRef<HTMLFieldSetElement>(null);
  const height = useFirstBlockHeight(place);
  const blocks = Array.from({ length: Math.ceil(frames.length / BLOCK) }, (_, index) => index);

  function onKeyDown(event: KeyboardEvent): void {
    const step = stepOf(event.key, columnsOf(place.current));
    if (step === 0) return;
    event.preventDefault();
    const at = Math.max(0, frames.indexOf(chosen ?? frames[0] ?? 0));
    const next = frames[Math.min(frames.length - 1, Math.max(0, at + step))];
    if (next === undefined) return;
    onChoose(next);
    requestAnimationFrame(() => place.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus());
  }

  return (
    <section class="panel frames" aria-labelledby="frames-title">
      <header>
        <h2 id="frames-title">{plural(frames.length, 'frame')}</h2>
        <fieldset class="choices" aria-label="How frames are shown">
          <button type="button" aria-pressed={hasPictures} onClick={() => setHasPictures(true)}>
            Pictures
          </button>
          <button type="button" aria-pressed={!hasPictures} onClick={() => setHasPictures(false)}>
            Dots
          </button>
        </fieldset>
      </header>
      <fieldset
        ref={place}
        class={hasPictures ? 'grid pictures' : 'grid dots'}
        aria-label="Frames; the arrow keys go from one to the next"
        onKeyDown={onKeyDown}
      >
        {blocks.map((index) => (
          <Block key={index} {...props} index={index} hasPictures={hasPictures} height={height} />
        ))}
      </fieldset>
      <ul class="keys" aria-hidden="true">
        <li class="proved">proved</li>
        <li class="rendered">rendered</li>
        <li class="active">in work</li>
        <li class="failed">failed</li>
        <li class="waiting">waiting</li>
      </ul>
    </section>
  );
}

function stepOf(key: string, columns: number): number {
  switch (key) {
    case 'ArrowRight':
      return 1;
    case 'ArrowLeft':
      return -1;
    case 'ArrowDown':
      return columns;
    case 'ArrowUp':
      return -columns;
    default:
      return 0;
  }
}

function useFirstBlockHeight(place: { readonly current: HTMLElement | null }): number {
  const [height, setHeight] = useState(0);
  useEffect(() => {
    const first = place.current?.querySelector('.block');
    if (first == null) return;
    const observer = new ResizeObserver(() => setHeight(first.clientHeight));
    observer.observe(first);
    return () => observer.disconnect();
  }, [place]);
  return height;
}

function columnsOf(place: HTMLElement | null): number {
  const block = place?.querySelector('.block');
  return block == null ? 1 : getComputedStyle(block).gridTemplateColumns.split(' ').length;
}

interface BlockProps extends Props {
  readonly index: number;
  readonly hasPictures: boolean;
  /** Of a block that is drawn, in pixels. */
  readonly height: number;
}

function Block({ run, folder, states, frames, chosen, onChoose, index, hasPictures, height }: BlockProps) {
  const place = useRef<HTMLDivElement>(null);
  const [isNear, setIsNear] = useState(index === 0);
  const mine = states.frames.slice(index * BLOCK, (index + 1) * BLOCK);
  const { watch } = frames;

  useEffect(() => {
    const target = place.current;
    if (target === null) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        const isOnScreen = entry?.isIntersecting === true;
        setIsNear(isOnScreen);
        watch(index, isOnScreen);
      },
      { rootMargin: '400px' },
    );
    observer.observe(target);
    return () => {
      observer.disconnect();
      watch(index, false);
    };
  }, [index, watch]);

  const holdsChosen = chosen !== null && mine.includes(chosen);
  // The first one is always drawn: its height stands for the others.
  const isDrawn = isNear || holdsChosen || index === 0;
  const focusable = holdsChosen ? chosen : chosen === null && index === 0 ? mine[0] : null;
  return (
    <div class="row">
      {!hasPictures && states.frames.length > BLOCK && <span class="from">{mine[0]}</span>}
      <div ref={place} class="block" style={isDrawn ? {} : { height: `${height}px` }}>
        {isDrawn
          ? mine.map((frame) => {
              const record = frames.records.get(frame);
              const state = states.stateOf(frame, record);
              const hasPicture = hasPictures && (state === 'proved' || state === 'rendered');
              const warnings = record?.warnings?.length ?? 0;
              return (
                <button
                  type="button"
                  key={frame}
                  class={`frame ${state}${warnings > 0 ? ' warned' : ''}`}
                  tabIndex={frame === focusable ? 0 : -1}
                  aria-pressed={frame === chosen}
                  aria-label={`Frame ${frame}, ${STATE_TEXTS[state]}${warnings > 0 ? `, ${plural(warnings, 'warning')}` : ''}`}
                  onClick={() => onChoose(frame)}
                >
                  {hasPicture && <Thumb url={thumbUrl(folder, frame, run.startedAt)} />}
                  {hasPictures && <span>{frame}</span>}
                </button>
              );
            })
          : null}
      </div>
    </div>
  );
}

/** Frames that are rendered again have the same names: the run's start tells the new pictures from the old ones. */
export function thumbUrl(folder: string, frame: number, startedAt: number | null): string {
  return `${renderUrl(thumbnailPath(folder, frame))}?run=${startedAt ?? 0}`;
}

function Thumb({ url }: { readonly url: string }) {
  const [hasFailed, setHasFailed] = useState(false);
  if (hasFailed) return null;
  return <img src={url} alt="" loading="lazy" decoding="async" onError={() => setHasFailed(true)} />;
}
