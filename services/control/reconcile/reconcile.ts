import type { Action, Refusal } from '../core/actions.ts';
import type { FarmMemory, FarmObserved, Observed, Policy, Unknown } from '../core/model.ts';
import { chargedRuns } from '../core/money.ts';
import { plan } from '../core/plan.ts';
import { isFinal, type RunRecord } from '../core/run.ts';
import type { StatusDocument } from '../core/status-document.ts';
import type { EpochMs } from '../core/time.ts';
import { isPortError } from '../ports/errors.ts';
import type { LeaseHeld } from '../ports/lease.ts';
import { type Applied, applyActions } from './apply.ts';
import { createHistory } from './history.ts';
import { inParallel } from './look-up.ts';
import { createNotifier, LONGEST_ROUND_MS } from './notify.ts';
import { type Looks, observe } from './observe.ts';
import { orUnknown } from './or-unknown.ts';
import type { Ports } from './ports.ts';
import { createProofLook } from './prove.ts';
import { createQuotaLook } from './quotas.ts';
import { costInAll, estimatesOf, statusDocument } from './report.ts';
import { createRotation } from './rotation.ts';
import { createState, newFarmMemory } from './state.ts';
import { createTaskLook } from './task-look.ts';
import type { RunTick, TickResult } from './tick.ts';
import { createUnwritten, isSame, withCosts } from './unwritten.ts';

/** A pass renews it; whoever dies with it lets the next one in after this. */
const LEASE_MS = 30_000;
/** Whoever holds the lease may be dead: its successor need not wait for the next regular tick. */
const TRY_AGAIN_MS = 10_000;
/** A tick ends before the next one is due. */
const TICK_MS = 50_000;
/** Of runs that render so many .blends are looked at in a pass. */
const SCENES_A_PASS = 10;
/** Of so many runs it is read in a pass how long they load. */
const LOADINGS_A_PASS = 10;
/** How long until the regular tick comes. */
const REST_MS = 60_000;

interface PassLog {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

interface Options {
  readonly ports: Ports;
  readonly policy: Policy;
  readonly log: PassLog;
  /** Who this process is, for the lease. */
  readonly holder: string;
  /** Files older than this are not taken for new work; 0 = everything is. */
  readonly intakeSince: EpochMs;
  readonly wait: (ms: number) => Promise<void>;
}

/** lease -> observe -> plan -> apply -> report, again and again while things move, within one tick. */
export function createReconciler({ ports, policy, log, holder, intakeSince, wait }: Options): {
  readonly runTick: RunTick;
  /** The running tick ends with its present pass. */
  readonly stop: () => void;
  /** For what is done between passes: `false` = somebody else has the lease. */
  readonly hold: () => Promise<boolean>;
  readonly release: () => Promise<void>;
} {
  const { clock } = ports;
  const state = createState(ports.records, () => newFarmMemory(intakeSince, clock.now()));
  const tasks = createTaskLook(ports.manager);
  const looks: Looks = {
    quotas: createQuotaLook(ports),
    tasksOf: tasks.look,
    proofs: createProofLook(ports.renders),
    scenesDue: createRotation(SCENES_A_PASS),
    loadingDue: createRotation(LOADINGS_A_PASS),
  };
  const unwritten = createUnwritten(clock);
  const history = createHistory(ports.records);
  const { messenger, records } = ports;
  const { hash } = policy;
  const notifier = messenger === undefined ? null : createNotifier({ records, messenger, hash, clock, log });
  let held: LeaseHeld | null = null;
  /** After a start, a crash or a pass that broke off, the records are listed: one may be there that nobody remembers. */
  let isFirst = true;
  let isStopping = false;
  let endedRuns: readonly RunRecord[] = [];
  /** Reports that the pass before has written: they are remembered as owed until the next pass saves that they are not. */
  let reported: readonly string[] = [];
  let refusals: readonly Refusal[] = [];
  /** The status that this service wrote last. */
  let told: StatusDocument | null = null;

  async function runTick(trigger: string): Promise<TickResult> {
    try {
      return await runPasses(trigger);
    } finally {
      await notifier?.settle(maySend);
    }
  }

  async function runPasses(trigger: string): Promise<TickResult> {
    const endsAt = clock.now() + TICK_MS;
    for (let passes = 1; ; passes += 1) {
      // Else somebody else may have held it meanwhile, and written.
      const isStillHeld = isHeld();
      held = await ports.lease.acquire(holder, LEASE_MS);
      if (held !== null && !isStillHeld) forget();
      if (held === null)
        return { lookAgainAt: clock.now() + TRY_AGAIN_MS, passes: passes - 1, isElsewhere: true };
      const lookAgainAt = await pass(trigger, passes === 1);
      if (lookAgainAt === null || lookAgainAt >= endsAt) return { lookAgainAt, passes, isElsewhere: false };
      if (!isStopping) await wait(Math.max(0, lookAgainAt - clock.now()));
      if (isStopping || clock.now() >= endsAt) return { lookAgainAt, passes, isElsewhere: false };
    }
  }

  function forget(): void {
    state.forget();
    tasks.forgetAll();
    notifier?.forget();
  }

  async function pass(trigger: string, isFirstOfTick: boolean): Promise<EpochMs | null> {
    const startedAt = clock.now();
    const wasFirst = isFirst;
    isFirst = true;
    if (wasFirst) forget();
    const {
      observed: seen,
      catalog,
      didCatalogChange,
    } = await observe(ports, state, policy, wasFirst, refusals, looks);
    const observed = withoutReported(seen, reported);
    const now = clock.now();
    const planned = plan(observed, policy, now);
    await holdOn();
    await pushDeadman(observed.farm, planned.actions);
    if (didCatalogChange) await state.saveCatalog(catalog);
    const { due, later } = unwritten.sort(planned.runs, observed.runs);
    // A new run is on record before the one that it follows is ended: a crash between the two loses neither.
    await inParallel(due.filter(isOpen), (run) => state.saveRun(run));
    await inParallel(
      due.filter((run) => !isOpen(run)),
      (run) => state.saveRun(run),
    );
    for (const run of later) state.keepRun(run);
    await inParallel(planned.dropped, (id) => state.dropRun(id));
    if (planned.shots !== observed.shots && hasChanged(planned.shots, observed.shots))
      await state.saveShots(planned.shots);
    const memory = withCosts(planned.memory, [...observed.runs.values(), ...planned.runs]);
    if (!isSame(memory, await state.memory())) await state.saveMemory(memory);
    const applied = await applyActions(ports, planned.actions, isHeld);
    reported = reportsWritten(planned.actions, applied);
    refusals = refusalsOf(applied, refusals);
    tasks.forget(planned.actions);
    // What they ask for is on record, whether the world could be moved already or not.
    if (isHeld()) await inParallel(observed.commands, ({ id }) => state.deleteCommand(id));
    const nextLookAt = planned.lookAgainAt ?? clock.now() + REST_MS;
    await report(observed, memory, planned.runs, now, nextLookAt);
    if (maySend()) notifier?.begin();
    state.keepOnly([...memory.openRuns, ...memory.endedRuns, ...memory.rejectedRuns, ...chargedRuns(memory)]);
    const level = isFirstOfTick || applied.length > 0 ? 'info' : 'debug';
    logPass(level, trigger, applied, clock.now() - startedAt);
    isFirst = false;
    return planned.lookAgainAt;
  }

  /**
   * Unknown counts as living: a farm that cannot be read for a while may be rendering. One that is to go is not kept: if
   * we are not let to delete it, the switch does. (In a drought it may stay after all.)
   */
  async function pushDeadman(farm: FarmObserved | Unknown, actions: readonly Action[]): Promise<void> {
    const isLiving = farm === 'unknown' || farm.state === 'creating' || farm.state === 'up';
    const mustGo = actions.some((action) => action.kind === 'deleteFarm' && action.sparesRunning !== true);
    if (!isLiving || mustGo) return;
    try {
      await ports.farm.pushDeadman();
    } catch (err) {
      if (!isPortError(err)) throw err;
      log.warn({ err }, "dead-man's switch not pushed");
    }
  }

  function isHeld(): boolean {
    return held !== null && clock.now() < held.until;
  }

  /** Somebody else who held the lease meanwhile would send the same. */
  function maySend(): boolean {
    return held !== null && held.until - clock.now() >= LONGEST_ROUND_MS;
  }

  /** Looking at a large bucket for the first time may take longer than a lease lasts. */
  async function holdOn(): Promise<void> {
    // One object of Cloud Storage takes one write a second: not twice in a quick pass.
    if (held !== null && held.until - clock.now() > LEASE_MS / 2) return;
    held = await ports.lease.acquire(holder, LEASE_MS);
    if (held === null) throw new Error('the lease was lost while looking; nothing was done');
  }

  /** What cannot be read is no matter: it is told anew. */
  async function lastTold(): Promise<StatusDocument | null> {
    if (told !== null) return told;
    const seen = await orUnknown(ports.records.read('status.json'));
    const value = seen === 'unknown' ? null : (seen?.value as Partial<StatusDocument> | undefined);
    const isWhole = Array.isArray(value?.runs) && Array.isArray(value.pools);
    return isWhole ? (value as StatusDocument) : null;
  }

  async function report(
    observed: Parameters<typeof plan>[0],
    memory: FarmMemory,
    changed: readonly RunRecord[],
    plannedAt: EpochMs,
    nextLookAt: EpochMs,
  ): Promise<void> {
    const byId = new Map([...endedRuns, ...observed.runs.values(), ...changed].map((run) => [run.id, run]));
    for (const id of memory.endedRuns) {
      const run = byId.get(id) ?? (await state.run(id));
      if (run !== null) byId.set(id, run);
    }
    const shown = [...memory.openRuns, ...memory.endedRuns].flatMap((id) => byId.get(id) ?? []);
    endedRuns = shown.filter((run) => isFinal(run.state));
    const runs = shown.sort(
      (a, b) => Number(isFinal(a.state)) - Number(isFinal(b.state)) || b.receivedAt - a.receivedAt,
    );
    const { day, month } = observed;
    const standing = { policy, memory, runs: [...byId.values()], now: plannedAt };
    const left = estimatesOf({ ...standing, observed });
    const forecastOf = (run: RunRecord) => costInAll(run, left.get(run.id));
    const messages = notifier === null ? null : await notifier.note({ ...standing, day, month, forecastOf });
    const reported = { observed, policy, memory, runs, messages, left, now: clock.now(), nextLookAt };
    const status = statusDocument({ ...reported, before: await lastTold() });
    await ports.records.overwrite('status.json', status);
    told = status;
    await history.add(status);
  }

  /** A tick is told of, and in it what did something: most passes only look. */
  function logPass(
    level: 'info' | 'debug',
    trigger: string,
    applied: readonly Applied[],
    durationMs: number,
  ): void {
    const results = applied.map(({ kind, outcome, reason }) => ({ kind, outcome, reason }));
    log[level]({ trigger, actions: applied.length, results, durationMs }, 'pass done');
    for (const { kind, error } of applied)
      if (error !== null) log.warn({ kind, err: error }, 'action failed');
  }

  return {
    runTick,
    stop: () => {
      isStopping = true;
    },
    hold: async () => {
      held = await ports.lease.acquire(holder, LEASE_MS);
      return held !== null;
    },
    release: async () => {
      if (held !== null) await ports.lease.release(held);
      held = null;
    },
  };
}

const isOpen = (run: RunRecord) => !isFinal(run.state);

function reportsWritten(actions: readonly Action[], applied: readonly Applied[]): readonly string[] {
  return actions.flatMap((action, index) =>
    action.kind === 'writeReport' && applied[index]?.outcome === 'done' ? [action.run.id] : [],
  );
}

/** What its port refused, and how often in a row. */
function refusalsOf(applied: readonly Applied[], before: readonly Refusal[]): readonly Refusal[] {
  return applied.flatMap(({ action, outcome, error }) => {
    if (outcome !== 'failed' || !isPortError(error)) return [];
    const last = before.find((refusal) => refusal.code === error.code && isAlike(refusal.action, action));
    return [{ action, code: error.code, message: error.message, times: (last?.times ?? 0) + 1 }];
  });
}

function isAlike(a: Action, b: Action): boolean {
  if (a.kind === 'submitJob' && b.kind === 'submitJob') return a.job.runId === b.job.runId;
  return a.kind === b.kind;
}

function withoutReported(observed: Observed, reported: readonly string[]): Observed {
  const { memory } = observed;
  const unreported = memory.unreported.filter((id) => !reported.includes(id));
  if (unreported.length === memory.unreported.length) return observed;
  return { ...observed, memory: { ...memory, unreported } };
}

function hasChanged<T>(after: ReadonlyMap<string, T>, before: ReadonlyMap<string, T>): boolean {
  return after.size !== before.size || [...after].some(([key, value]) => before.get(key) !== value);
}
