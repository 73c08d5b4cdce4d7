import { type CostKind, type Costs, totalOf } from '../../control/core/costs.ts';
import { dollarsText } from '../format.ts';

const TEXTS: Readonly<Record<CostKind, string>> = {
  rendering: 'Rendering',
  loading: 'Opening the shot',
  boot: 'Machines that start',
  idle: 'Machines without a frame',
  lost: 'Lost with machines taken away',
  fees: 'The farm itself',
};

/** What a run's dollars were paid for; nothing where nothing has a price. */
export function Ledger({ costs, isPaid }: { readonly costs: Costs; readonly isPaid: boolean }) {
  const total = totalOf(costs);
  if (total <= 0) return null;
  const rows = (Object.keys(TEXTS) as CostKind[]).filter((kind) => costs[kind] > 0);
  return (
    <section class="panel ledger" aria-labelledby="ledger-title">
      <header>
        <h2 id="ledger-title">What it was paid for</h2>
        <strong>{dollarsText(total)}</strong>
      </header>
      <div class="shares" aria-hidden="true">
        {rows.map((kind) => (
          <span key={kind} class={kind} style={{ flexGrow: String(costs[kind] / total) }} />
        ))}
      </div>
      <dl class="pairs">
        {rows.map((kind) => (
          <div key={kind}>
            <dt class={kind}>{TEXTS[kind]}</dt>
            <dd>
              {dollarsText(costs[kind])} <small>{Math.round((100 * costs[kind]) / total)} %</small>
            </dd>
          </div>
        ))}
      </dl>
      {!isPaid && <p class="soft">It grows as long as its farm stands.</p>}
    </section>
  );
}
