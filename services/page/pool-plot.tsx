import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { StatusDocument } from '../control/core/status-document.ts';
import { clockText, dollarsText, plural } from './format.ts';
import { useHistory } from './history.ts';
import { type Mark, marksOf, nearestMark, plotData, plotOptions } from './plot.ts';

const SPANS = [
  { label: '1 h', ms: 3_600_000 },
  { label: '6 h', ms: 6 * 3_600_000 },
  { label: '24 h', ms: 24 * 3_600_000 },
] as const;

/** A farm that is minutes old fills the width, and is not a line at its right edge. */
const SHORTEST_MS = 600_000;

/** Tasks, workers and money over time, with every decision marked. */
export function PoolPlot({ status }: { readonly status: StatusDocument }) {
  const samples = useHistory(status);
  const [span, setSpan] = useState<number>(SPANS[0].ms);
  const [what, setWhat] = useState<'workers' | 'money'>('workers');
  const [pointed, setPointed] = useState<Mark | null>(null);
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const now = Date.parse(status.asOf);
  const shown = useMemo(() => samples.filter(({ at }) => Date.parse(at) >= now - span), [samples, now, span]);
  const marks = useMemo(() => marksOf(status.decisions), [status.decisions]);
  const marksNow = useRef(marks);
  marksNow.current = marks;
  const first = Math.min(...shown.map(({ at }) => Date.parse(at)), ...marks.map(({ at }) => at));
  const from = Math.max(now - span, Math.min(first, now - SHORTEST_MS));
  const shownMs = useRef(span);
  shownMs.current = now - from;

  useEffect(() => {
    const target = place.current;
    if (target === null) return;
    const options = plotOptions({
      what,
      width: target.clientWidth,
      marks: () => marksNow.current,
      onPoint: (at) => setPointed(at === null ? null : nearestMark(marksNow.current, at, shownMs.current)),
    });
    const made = new uPlot(options, plotData(what, shown), target);
    plot.current = made;
    const resized = new ResizeObserver(() =>
      made.setSize({ width: target.clientWidth, height: options.height }),
    );
    resized.observe(target);
    return () => {
      resized.disconnect();
      made.destroy();
    };
    // The plot itself is made anew only for another kind or span; data follow below.
  }, [what, span]);

  useEffect(() => {
    plot.current?.setData(plotData(what, shown));
    plot.current?.setScale('x', { min: from / 1000, max: now / 1000 });
  }, [shown, marks, what, from, now]);

  const last = shown.at(-1);
  return (
    <section class="panel plot" aria-labelledby="plot-title">
      <header>
        <h2 id="plot-title">Over time</h2>
        <fieldset class="choices" aria-label="What is drawn">
          <button type="button" aria-pressed={what === 'workers'} onClick={() => setWhat('workers')}>
            Pool
          </button>
          <button type="button" aria-pressed={what === 'money'} onClick={() => setWhat('money')}>
            Money
          </button>
          {SPANS.map(({ label, ms }) => (
            <button type="button" key={label} aria-pressed={span === ms} onClick={() => setSpan(ms)}>
              {label}
            </button>
          ))}
        </fieldset>
      </header>
      <div
        ref={place}
        class="canvas"
        role="img"
        aria-label={
          last === undefined
            ? 'Nothing to draw yet'
            : `Now: ${plural(last.waiting, 'frame')} waiting, ${plural(last.busy, 'worker')} busy, ${last.booting} booting, ${last.idle} idle; ${dollarsText(last.today)} spent today`
        }
      />
      {what === 'workers' && (
        <ul class="keys" aria-hidden="true">
          <li class="waiting">frames waiting</li>
          <li class="ordered">ordered</li>
          <li class="busy">busy</li>
          <li class="booting">booting</li>
          <li class="idle">idle</li>
        </ul>
      )}
      <p class="pointed soft">
        {pointed === null
          ? 'Point at a mark to see what was decided then.'
          : `${clockText(pointed.at, now)}: ${pointed.text}`}
      </p>
    </section>
  );
}
