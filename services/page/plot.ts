import type uPlot from 'uplot';
import type { PoolSample } from '../control/core/pool-sample.ts';
import type { StatusDocument } from '../control/core/status-document.ts';
import { CLOCK, dollarsText, saysMore } from './format.ts';

/** A decision on the time axis. */
export interface Mark {
  readonly at: number;
  readonly text: string;
}

export function marksOf(decisions: StatusDocument['decisions']): readonly Mark[] {
  return decisions.map(({ at, what, reason }) => ({
    at: Date.parse(at),
    text: saysMore(what, reason) ? `${what} (${reason})` : what,
  }));
}

/** The decision that is meant by pointing there; `null` = none is near. */
export function nearestMark(marks: readonly Mark[], at: number, span: number): Mark | null {
  let best: Mark | null = null;
  for (const mark of marks)
    if (Math.abs(mark.at - at) < Math.abs((best?.at ?? Number.POSITIVE_INFINITY) - at)) best = mark;
  return best !== null && Math.abs(best.at - at) < span / 30 ? best : null;
}

export type What = 'workers' | 'money';

/** Columns as the plot takes them: seconds first. */
export function plotData(what: What, samples: readonly PoolSample[]): uPlot.AlignedData {
  const at = samples.map((sample) => Date.parse(sample.at) / 1000);
  const column = (key: Exclude<keyof PoolSample, 'at'>) => samples.map((sample) => sample[key]);
  if (what === 'money') return [at, column('today')];
  return [at, column('waiting'), column('ordered'), column('busy'), column('booting'), column('idle')];
}

interface Wanted {
  readonly what: What;
  readonly width: number;
  readonly marks: () => readonly Mark[];
  readonly onPoint: (at: number | null) => void;
}

const HEIGHT = 190;

export function plotOptions({ what, width, marks, onPoint }: Wanted): uPlot.Options {
  const colour = (name: string) =>
    getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const axis = { stroke: colour('soft'), grid: { stroke: colour('line'), width: 1 }, ticks: { show: false } };
  const stepped = steps();
  const line = (name: string, scale: string, extra: Partial<uPlot.Series> = {}): uPlot.Series => ({
    stroke: colour(name),
    scale,
    width: 1.5,
    points: { show: false },
    paths: stepped,
    ...extra,
  });
  const money = [line('good', 'dollars', { fill: `${colour('good')}22` })];
  const workers = [
    line('soft', 'frames', { dash: [4, 4] }),
    line('ink', 'workers'),
    line('good', 'workers', { fill: `${colour('good')}33` }),
    line('live', 'workers'),
    line('wait', 'workers'),
  ];
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    series: [{}, ...(what === 'money' ? money : workers)],
    scales: {
      x: { time: true },
      workers: { range: fromNought },
      frames: { range: fromNought },
      dollars: { range: fromNought },
    },
    axes: [
      { ...axis, size: 28, values: (_plot, values) => values.map(timeText) },
      what === 'money'
        ? { ...axis, scale: 'dollars', size: 58, values: (_plot, values) => values.map(dollarsText) }
        : { ...axis, scale: 'workers', size: 34, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] },
    ],
    hooks: {
      draw: [(plot) => drawMarks(plot, marks(), colour('accent'))],
      setCursor: [
        (plot) => {
          const { left } = plot.cursor;
          onPoint(left === undefined || left < 0 ? null : plot.posToVal(left, 'x') * 1000);
        },
      ],
    },
  };
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString([], CLOCK);
}

/** A number holds until the next one is seen. */
function steps(): uPlot.Series.PathBuilder {
  return (plot, series, from, to) => {
    const xs = plot.data[0];
    const ys = plot.data[series];
    const scale = plot.series[series]?.scale ?? 'y';
    const stroke = new Path2D();
    const fill = new Path2D();
    const base = plot.valToPos(0, scale, true);
    let last: number | null = null;
    for (let index = from; index <= to; index += 1) {
      const [seconds, value] = [xs[index], ys?.[index]];
      if (seconds === undefined || value === undefined || value === null) continue;
      const [x, y] = [plot.valToPos(seconds, 'x', true), plot.valToPos(value, scale, true)];
      if (last === null) {
        stroke.moveTo(x, y);
        fill.moveTo(x, base);
      } else {
        stroke.lineTo(x, last);
        fill.lineTo(x, last);
      }
      stroke.lineTo(x, y);
      fill.lineTo(x, y);
      last = y;
      if (index === to) fill.lineTo(x, base);
    }
    return { stroke, fill };
  };
}

function fromNought(_plot: uPlot, _min: number | null, max: number | null): [number, number] {
  return [0, Math.max(1, max ?? 0) * 1.1];
}

function drawMarks(plot: uPlot, marks: readonly Mark[], colour: string): void {
  const { ctx, bbox } = plot;
  const size = 4 * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = colour;
  for (const { at } of marks) {
    const x = plot.valToPos(at / 1000, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x - size, bbox.top);
    ctx.lineTo(x + size, bbox.top);
    ctx.lineTo(x, bbox.top + 2 * size);
    ctx.fill();
  }
  ctx.restore();
}
