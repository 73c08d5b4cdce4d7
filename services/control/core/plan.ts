import type { Plan } from './actions.ts';
import { admitRuns } from './admission.ts';
import { learnBoots } from './boot-times.ts';
import { COMMANDS_A_PASS } from './command.ts';
import { createDraft, type Draft, openRuns, type Sight } from './draft.ts';
import { watchMachines } from './drought.ts';
import { keepFarm } from './farm-life.ts';
import { finishRuns } from './finish.ts';
import { foresee } from './foresight.ts';
import { countRuns, rememberUploads, takeIn } from './intake.ts';
import { followInputs } from './live-inputs.ts';
import { tellMissingPools } from './missing-pool.ts';
import type { Observed, Policy } from './model.ts';
import { countLoading, countMoney, expectMachines } from './money.ts';
import { obeyCommands } from './obey.ts';
import { endJobs, followJobs } from './progress.ts';
import { tellRefusals } from './refusals.ts';
import { writeReports } from './reports.ts';
import { reviveRuns } from './revival.ts';
import { wantsFarm } from './run.ts';
import { pendingSetback, tellSetback } from './setback.ts';
import { staffFarm } from './staff.ts';
import { submitJobs } from './submission.ts';
import type { EpochMs } from './time.ts';
import { leaveOutUnseen } from './unseen.ts';
import { windDown } from './wind-down.ts';

/** The decisions of a pass, in their order. */
const DECISIONS: readonly ((sight: Sight, draft: Draft) => void)[] = [
  countMoney,
  rememberUploads,
  obeyCommands,
  reviveRuns,
  followInputs,
  countRuns,
  takeIn,
  admitRuns,
  leaveOutUnseen,
  followJobs,
  countLoading,
  finishRuns,
  windDown,
  tellRefusals,
  tellMissingPools,
  endJobs,
  writeReports,
  submitJobs,
  learnBoots,
  staffFarm,
  expectMachines,
  watchMachines,
  foresee,
  keepFarm,
  tellSetback,
];

/** A worker that is to take no more tasks is asked before any is handed out again. */
const FIRST = new Set(['drainWorker']);
/** Destructive actions come last, after everything that could still fail. */
const LAST = new Set(['forgetWorker', 'withdrawWorker', 'removeWorker', 'deleteFarm']);

/** What to do about what was seen. Pure: the same snapshot, policy and time give the same plan. */
export function plan(observed: Observed, policy: Policy, now: EpochMs): Plan {
  const sight: Sight = { observed, policy, now };
  const draft = createDraft(observed);
  for (const decide of DECISIONS) decide(sight, draft);
  return {
    runs: [...draft.runs.values()].filter((run) => observed.runs.get(run.id) !== run),
    dropped: [...draft.dropped],
    shots: draft.shots,
    memory: draft.memory,
    actions: [
      ...draft.actions.filter(({ kind }) => FIRST.has(kind)),
      ...draft.actions.filter(({ kind }) => !FIRST.has(kind) && !LAST.has(kind)),
      ...draft.actions.filter(({ kind }) => LAST.has(kind)),
    ],
    lookAgainAt: nextLook(sight, draft),
  };
}

/** Cloud Storage takes one write of an object a second, and a pass writes its lease and its status. */
const SOONEST_MS = 1000;

/** Soon while something moves; at the nearest deadline while something waits; else the regular tick is enough. */
function nextLook({ observed, policy, now }: Sight, draft: Draft): EpochMs | null {
  const isLater =
    draft.memory.stage === 'absent' && pendingSetback({ observed, policy, now }, draft) !== null;
  const isMoving =
    (!isLater && openRuns(draft).some((run) => wantsFarm(run.state))) ||
    draft.memory.stage !== 'absent' ||
    observed.commands.length >= COMMANDS_A_PASS ||
    draft.actions.some(({ kind }) => kind !== 'writeReport');
  const soon = isMoving ? [now + policy.lookEveryMs] : [];
  const looks = [...draft.looks, ...soon];
  const soonest = now + Math.min(SOONEST_MS, policy.lookEveryMs);
  return looks.length === 0
    ? null
    : Math.max(
        soonest,
        looks.reduce((a, b) => Math.min(a, b)),
      );
}
