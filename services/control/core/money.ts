import { type Draft, openRuns, remember, type Sight, updateRun } from './draft.ts';

/** Adds what the farm cost since the last look; shared out over the runs that render. */
export function countMoney(sight: Sight, draft: Draft): void {
  const { day, month, farm, workers } = sight.observed;
  const { ledger } = draft.memory;
  const isUp = farm === 'unknown' || farm.state !== 'absent';
  const since = ledger.countedUntil ?? sight.now;
  const hours = isUp ? Math.max(0, sight.now - since) / 3_600_000 : 0;
  const running =
    workers === 'unknown' ? sight.policy.pool.max : workers.filter(({ state }) => state === 'running').length;
  const dollars = hours * (sight.policy.fixedPricePerHour + running * sight.policy.pool.pricePerHour);
  const isQuiet = dollars === 0 && !isUp && ledger.countedUntil === null;
  if (isQuiet) return;
  remember(draft, {
    ledger: {
      countedUntil: isUp ? sight.now : null,
      day,
      month,
      today: (ledger.day === day ? ledger.today : 0) + dollars,
      thisMonth: (ledger.month === month ? ledger.thisMonth : 0) + dollars,
    },
  });
  const rendering = openRuns(draft).filter((run) => run.state === 'rendering');
  for (const run of dollars > 0 ? rendering : []) {
    updateRun(draft, run, { dollars: run.dollars + dollars / rendering.length });
  }
}
