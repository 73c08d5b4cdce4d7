import { budgetHolds } from './invariants/budget.ts';
import { deadmanHolds } from './invariants/deadman.ts';
import { endsAtZero, endsOnce, nothingIsLost } from './invariants/ends.ts';
import { noBusyWorkerKilled, nothingFromUnknown } from './invariants/kills.ts';
import { neverTooMany } from './invariants/most.ts';
import { oneJob, oneRun, oneVersion } from './invariants/once.ts';
import { toldOnce } from './invariants/told.ts';
import type { NewInvariant } from './watch.ts';

/** What holds in every world (design.md §1). */
export const INVARIANTS: readonly NewInvariant[] = [
  endsOnce,
  nothingIsLost,
  oneRun,
  oneJob,
  oneVersion,
  noBusyWorkerKilled,
  nothingFromUnknown,
  neverTooMany,
  budgetHolds,
  deadmanHolds,
  endsAtZero,
  toldOnce,
];
