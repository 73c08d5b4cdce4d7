import { useEffect, useRef } from 'preact/hooks';
import type { FrameRecord } from '../../control/http/frames.ts';
import { durationText, plural } from '../format.ts';

interface Props {
  readonly records: ReadonlyMap<number, FrameRecord>;
  readonly now: number;
}

const LANE = 22;

interface Span {
  readonly worker: string;
  readonly from: number;
  readonly to: number;
  readonly state: FrameRecord['state'];
}

/** Who rendered when: a lane a worker, a bar a frame, of the frames that were looked at. */
export function Lanes({ records, now }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const spans = spansOf(records, now);
  const workers = [...new Set(spans.map(({ worker }) => worker))].sort();
  const from = Math.min(...spans.map((span) => span.from));
  const to = Math.max(...spans.map((span) => span.to));
  const height = workers.length * LANE;

  useEffect(() => {
    const target = canvas.current;
    if (target === null) return;
    const draw = () => drawLanes(target, spans, workers, { from, to });
    draw();
    const resized = new ResizeObserver(draw);
    resized.observe(target);
    return () => resized.disconnect();
  }, [records, now]);

  if (spans.length === 0) return null;
  return (
    <section class="panel lanes" aria-labelledby="lanes-title">
      <header>
        <h2 id="lanes-title">Workers over time</h2>
        <span class="soft">{durationText((to - from) / 1000)}</span>
      </header>
      <div class="lane-list">
        <ul>
          {workers.map((worker) => (
            <li key={worker} title={worker}>
              {worker}
            </li>
          ))}
        </ul>
        <canvas
          ref={canvas}
          style={{ height: `${height}px` }}
          role="img"
          aria-label={`${plural(workers.length, 'worker')} rendered ${plural(spans.length, 'frame')} in ${durationText((to - from) / 1000)}`}
        />
      </div>
    </section>
  );
}

function spansOf(records: Props['records'], now: number): readonly Span[] {
  return [...records.values()].flatMap(({ worker, startedAt, endedAt, state }) => {
    if (worker === undefined || startedAt === undefined) return [];
    const from = Date.parse(startedAt);
    const to = endedAt === undefined ? (state === 'rendering' ? now : from) : Date.parse(endedAt);
    return Number.isNaN(from) || Number.isNaN(to) ? [] : [{ worker, from, to: Math.max(from, to), state }];
  });
}

function drawLanes(
  canvas: HTMLCanvasElement,
  spans: readonly Span[],
  workers: readonly string[],
  { from, to }: { readonly from: number; readonly to: number },
): void {
  const style = getComputedStyle(canvas);
  const colours = {
    done: style.getPropertyValue('--good'),
    rendering: style.getPropertyValue('--live'),
    failed: style.getPropertyValue('--bad'),
  };
  const width = canvas.clientWidth;
  canvas.width = width * devicePixelRatio;
  canvas.height = workers.length * LANE * devicePixelRatio;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.scale(devicePixelRatio, devicePixelRatio);
  const x = (at: number) => ((at - from) / Math.max(1, to - from)) * width;
  for (const span of spans) {
    context.fillStyle = colours[span.state];
    const length = Math.max(1, x(span.to) - x(span.from) - 1);
    context.fillRect(x(span.from), workers.indexOf(span.worker) * LANE + 4, length, LANE - 8);
  }
}
