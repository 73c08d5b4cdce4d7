import { type Draft, lookAgain, note, openRuns, remember, type Sight, updateRun } from './draft.ts';
import type { Setback } from './model.ts';
import { type Reason, wantsFarm } from './run.ts';
import type { EpochMs } from './time.ts';

const MINUTE_MS = 60_000;
/** How long a farm is not tried again after it broke, or found no machines, so often in a row; then the last of these. */
const MINUTES: Readonly<Record<Setback['kind'], readonly number[]>> = {
  broken: [1, 2, 5, 10, 20, 30],
  noMachines: [10, 20, 40, 60],
};

/** A farm that was tried again takes no longer than this to break once more; what came before it says nothing by now. */
const FORGOTTEN_AFTER_MS = 6 * 60 * MINUTE_MS;

/** Notes that the farm could not do its work: it is tried again later, each time after a longer wait. */
export function setBack(sight: Sight, draft: Draft, kind: Setback['kind'], message: string): void {
  const { setback } = draft.memory;
  const isAnother = setback?.kind === kind && sight.now - setback.until < FORGOTTEN_AFTER_MS;
  const times = isAnother ? setback.times + 1 : 1;
  const minutes = MINUTES[kind][Math.min(times, MINUTES[kind].length) - 1] ?? 0;
  const next = { kind, times, message, until: sight.now + minutes * MINUTE_MS };
  remember(draft, { setback: next });
  note(sight, draft, 'farm: tried again later', whenAgain(next));
}

/** The farm is not tried before then; `null` = nothing stands in its way. */
export function pendingSetback({ now }: Sight, { memory }: Draft): Setback | null {
  const { setback } = memory;
  return setback !== null && now < setback.until ? setback : null;
}

/** Why there is no farm, and when it is tried again. */
export function whenAgain({ message, until }: Pick<Setback, 'message' | 'until'>): string {
  return `${message}; tried again at ${clockTime(until)}`;
}

/** Runs that want a farm say what they wait for, as long as they do. */
export function tellSetback(sight: Sight, draft: Draft): void {
  const pending = pendingSetback(sight, draft);
  if (pending !== null) lookAgain(draft, pending.until);
  for (const run of openRuns(draft)) {
    if (!wantsFarm(run.state) || run.stopping !== null) continue;
    if (pending !== null && run.reason?.message !== reasonOf(pending).message)
      updateRun(draft, run, { reason: reasonOf(pending) });
    else if (pending === null && CODES.has(run.reason?.code ?? ''))
      updateRun(draft, run, { reason: WAITING });
  }
}

function reasonOf(setback: Setback): Reason {
  const code = setback.kind === 'broken' ? 'farmBroken' : 'noMachines';
  return { code, message: `${whenAgain(setback)}.`, action: null };
}

const CODES = new Set(['farmBroken', 'noMachines']);
const WAITING = { code: 'queued', message: 'Waiting for the farm.', action: null };

/** `14:05 UTC` */
function clockTime(at: EpochMs): string {
  const minutes = Math.ceil(at / MINUTE_MS);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)} UTC`;
}
