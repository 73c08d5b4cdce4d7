import type { TraceResult } from './bench-trace.ts';
import { ratioOf } from './table.ts';

const [WIDTH, HEIGHT] = [760, 480];
const MARGIN = { left: 70, right: 170, top: 50, bottom: 50 } as const;
/** Rules that are dearer or slower than ours by more than this are named at the edge. */
const FAR = 2.2;
const TICKS = 5;

interface Point {
  readonly name: string;
  readonly minutes: number;
  readonly dollars: number;
}

/** The plane of costs and times of one trace as an SVG: ours, the rules (medians) and the frontier of hindsight. */
export function plotOf(result: TraceResult): string {
  const { name, rules, frontier } = result;
  const points = Object.entries(rules).map(([rule, { minutes, dollars }]): Point => {
    return { name: rule, minutes: minutes.median, dollars: dollars.median };
  });
  const ours = points.find((point) => point.name === 'tablao');
  const near = points.filter((point) => ours === undefined || isNear(point, ours));
  const shown = [...near, ...frontier];
  const most = (of: (point: { minutes: number; dollars: number }) => number) =>
    1.05 * Math.max(...shown.map(of));
  const x = scale(
    most(({ minutes }) => minutes),
    MARGIN.left,
    WIDTH - MARGIN.right,
  );
  const y = scale(
    most(({ dollars }) => dollars),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  );
  const far = points.filter((point) => !near.includes(point));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    `<text x="${MARGIN.left}" y="24" font-size="15">${escaped(name)}</text>`,
    `<text x="${MARGIN.left}" y="40" fill="#666">${ratioOf(result)}</text>`,
    ...axis(
      x.most,
      (value) => `x="${x.at(value)}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle"`,
      'min',
    ),
    ...axis(y.most, (value) => `x="${MARGIN.left - 8}" y="${y.at(value) + 4}" text-anchor="end"`, '$'),
    `<path d="M${MARGIN.left} ${MARGIN.top}V${HEIGHT - MARGIN.bottom}H${WIDTH - MARGIN.right}" fill="none" stroke="#999"/>`,
    `<polyline fill="none" stroke="#2a7" stroke-width="2" points="${frontier.map((one) => `${x.at(one.minutes)},${y.at(one.dollars)}`).join(' ')}"/>`,
    ...near.map((point) => dot(point, x.at(point.minutes), y.at(point.dollars))),
    ...far.map((point, index) => {
      const said = `${point.name}: ${point.minutes.toFixed(0)} min, $${point.dollars.toFixed(2)}`;
      return `<text x="${WIDTH - MARGIN.right + 8}" y="${MARGIN.top + 16 * index}" fill="#888" font-size="10">${escaped(said)}</text>`;
    }),
    '</svg>',
    '',
  ].join('\n');
}

function isNear(point: Point, ours: Point): boolean {
  return point.minutes <= FAR * ours.minutes && point.dollars <= FAR * ours.dollars;
}

function scale(most: number, from: number, to: number) {
  return { most, at: (value: number) => Math.round((from + ((to - from) * value) / most) * 10) / 10 };
}

function axis(most: number, place: (value: number) => string, unit: string): readonly string[] {
  const step = 10 ** Math.floor(Math.log10(most / TICKS));
  const nice = [1, 2, 5, 10].map((factor) => factor * step).find((each) => most / each <= TICKS + 1) ?? most;
  const values = Array.from({ length: Math.floor(most / nice) + 1 }, (_, index) => index * nice);
  const digits = Math.max(0, -Math.floor(Math.log10(nice)));
  return values.map((value) => `<text ${place(value)} fill="#444">${value.toFixed(digits)} ${unit}</text>`);
}

function dot({ name }: Point, x: number, y: number): string {
  const [radius, colour] = name === 'tablao' ? [7, '#d33'] : [4, '#36c'];
  return `<circle cx="${x}" cy="${y}" r="${radius}" fill="${colour}"/><text x="${x + 9}" y="${y + 4}" fill="${colour}">${escaped(name)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
