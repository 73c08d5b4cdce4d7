import { withLearnedBoot } from './boot-times.ts';
import { CHECK_TASK } from './chunks.ts';
import type { Sight } from './draft.ts';
import {
  bootingFor,
  ended,
  endedUnseen,
  type FreeMeter,
  follow,
  isFree,
  type MachineTimes,
  type Meter,
  type Meters,
  NO_USE,
  newMeter,
  type TaskInHand,
  takenOver,
  type Use,
  useUntil,
  type WorkerLife,
} from './meters.ts';
import type { FarmMemory, WorkerObserved } from './model.ts';
import { priceOf, variantOf } from './pools.ts';
import { activeTasks } from './tasks.ts';
import type { EpochMs } from './time.ts';
import { isWithoutMachine } from './variants.ts';

/** What one machine was paid for since the last look. Milliseconds, which may be negative: less than was counted then. */
export interface MachineUse extends Use {
  readonly pool: string;
  readonly variant: string | null;
  /** Whom it worked for last; `null` = nobody yet. */
  readonly run: string | null;
  /** What its worker had in hand; `null` = nothing. */
  readonly task: TaskInHand | null;
  /** What came to nothing: its worker died, or its machine or its task was taken away. */
  readonly lost: Lost;
}

interface Lost {
  readonly ms: number;
  /** Whose it was; `null` = nothing was lost. */
  readonly task: TaskInHand | null;
}

const NONE_LOST: Lost = { ms: 0, task: null };

/** The meters of all machines brought up to now, and what they were paid for since the last look. */
export function readMeters(
  sight: Sight,
  memory: FarmMemory,
  since: EpochMs,
  until: EpochMs,
): { readonly meters: Meters; readonly uses: readonly MachineUse[] } {
  const book = createBook(sight, memory, since, until);
  const { workers, farm } = sight.observed;
  if (workers === 'unknown') book.keepAll();
  // The machine of one that has ended may be another one's already.
  else for (const worker of endedFirst(workers)) book.see(worker);
  const isUp = farm !== 'unknown' && farm.state === 'up';
  const isGoing = farm !== 'unknown' && !isUp && farm.state !== 'creating';
  if (workers !== 'unknown') book.endOthers(isGoing && 'since' in farm ? farm.since : until, isUp);
  return book.close(workers === 'unknown' ? null : new Set(workers.map(({ name }) => name)));
}

function endedFirst(workers: readonly WorkerObserved[]): readonly WorkerObserved[] {
  const isOver = ({ state }: WorkerObserved) => state === 'ended';
  return [...workers.filter(isOver), ...workers.filter((worker) => !isOver(worker))];
}

interface Entry {
  /** As it was counted at the last look; `null` = it was not. */
  readonly before: Meter | null;
  readonly after: Meter;
  readonly lost: Lost;
}

function createBook(sight: Sight, memory: FarmMemory, since: EpochMs, until: EpochMs) {
  const { policy } = sight;
  const old = memory.ledger.meters;
  const entries = new Map<string, Entry>();
  const hands = tasksInHand(sight);

  function timesOf(name: string): MachineTimes {
    const pool = policy.pools.find((each) => each.name === name) ?? policy.pools[0];
    const { bootSeconds, tailSeconds } = withLearnedBoot(pool, memory);
    return { bootMs: bootSeconds * 1000, tailMs: tailSeconds * 1000 };
  }

  function lifeOf(worker: WorkerObserved): WorkerLife {
    const { name, pool, variant = null, orderedAt, state, startedAt = orderedAt, outcome } = worker;
    const configured = policy.pools.find((each) => each.name === pool);
    return {
      ...{ name, pool, orderedAt },
      variant: configured === undefined ? variant : (variantOf(configured, variant)?.name ?? null),
      startedAt: state === 'waiting' ? null : startedAt,
      endedAt: state === 'ended' ? (worker.endedAt ?? until) : null,
      isPreempted: outcome === 'preempted',
      isWithoutMachine: isWithoutMachine(worker),
    };
  }

  function* free(): Iterable<readonly [string, FreeMeter]> {
    for (const [name, { after }] of entries) if (isFree(after)) yield [name, after];
    for (const [name, meter] of Object.entries(old))
      if (isFree(meter) && !entries.has(name)) yield [name, meter];
  }

  /** The machine that it will have or has: the one that was ordered for it, or someone else's that has become free. */
  function placed(life: WorkerLife, before: Meter | null): { before: Meter | null; meter: Meter } {
    const isNew = before === null || before.isUnseen === true;
    const meter = isNew ? newMeter(life, before === null ? since : undefined) : before;
    if (life.startedAt === null) return isNew ? adopted(life, before, meter) : { before, meter };
    return before === null || before.startedAt === null
      ? moved(life, life.startedAt, before, meter)
      : { before, meter };
  }

  function adopted(
    life: WorkerLife,
    ordered: Meter | null,
    meter: Meter,
  ): { before: Meter | null; meter: Meter } {
    const found = bootingFor(free(), life);
    if (found === null) return { before: ordered, meter };
    const [name, left] = found;
    const before = entries.has(name) ? (entries.get(name)?.before ?? null) : left;
    entries.set(name, { before: ordered, after: { ...left, from: null }, lost: NONE_LOST });
    return { before, meter: { ...left, endedAt: null, until: null } };
  }

  /** What was ordered for it boots for nobody then. */
  function moved(
    life: WorkerLife,
    startedAt: EpochMs,
    before: Meter | null,
    meter: Meter,
  ): { before: Meter | null; meter: Meter } {
    const found = takenOver(free(), life, startedAt);
    if (found === null) return { before, meter };
    const [name, left] = found;
    const entry = entries.get(name) ?? { before: left, lost: NONE_LOST };
    entries.set(name, { ...entry, after: { ...left, until: startedAt } });
    const taken = { ...meter, from: startedAt };
    if (life.orderedAt >= left.endedAt || meter.from === null) return { before, meter: taken };
    const spare = ended({ ...meter, startedAt: null }, meter.from, life, timesOf(life.pool));
    entries.set(`${life.name}+`, { before, after: spare, lost: NONE_LOST });
    return { before: null, meter: taken };
  }

  /** Its worker lives. */
  function go(name: string, before: Meter | null, meter: Meter): void {
    const task = hands.of(name, meter.task);
    const isTaken = meter.task !== null && meter.task.id !== task?.id && hands.isOpen(meter.task);
    const after = task === null ? { ...meter, task } : { ...meter, task, run: task.run };
    entries.set(name, { before, after, lost: isTaken ? inVain(meter, since) : NONE_LOST });
  }

  return {
    see(worker: WorkerObserved): void {
      const life = lifeOf(worker);
      const isPast = life.endedAt !== null && life.endedAt < since && old[life.name] === undefined;
      if (isPast || costsNothing(sight, life)) return;
      const { before, meter } = placed(life, old[life.name] ?? null);
      const after = follow(meter, life, timesOf(life.pool), until);
      if (after.endedAt === null) {
        go(life.name, before, after);
        return;
      }
      const isLost = meter.endedAt === null && worker.outcome !== 'done';
      entries.set(life.name, { before, after, lost: isLost ? inVain(after, after.endedAt) : NONE_LOST });
    },
    /** Nobody can tell: what is known goes on. */
    keepAll(): void {
      for (const [name, meter] of Object.entries(old))
        if (meter.endedAt === null) go(name, meter, meter);
        else entries.set(name, { before: meter, after: meter, lost: NONE_LOST });
    },
    /** Whoever is not listed any more has ended unseen; whoever was never seen where all can be seen was not ordered. */
    endOthers(at: EpochMs, isUp: boolean): void {
      for (const [name, meter] of Object.entries(old)) {
        if (entries.has(name)) continue;
        if (meter.isUnseen === true && isUp) {
          entries.set(name, { before: meter, after: { ...meter, from: null, until }, lost: NONE_LOST });
          continue;
        }
        const isOver = meter.endedAt !== null;
        const end = Math.min(until, Math.max(since, at));
        const after = isOver ? meter : endedUnseen(meter, end, timesOf(meter.pool));
        entries.set(name, { before: meter, after, lost: isOver ? NONE_LOST : inVain(after, end) });
      }
    },
    /** What is released is done with, unless its worker is still `listed` (`null` = nobody knows). */
    close(listed: ReadonlySet<string> | null) {
      const kept = [...entries].filter(
        ([name, { after }]) => after.until === null || after.until > until || listed?.has(name) !== false,
      );
      const meters = Object.fromEntries(
        kept.map(([name, { after }]) => [name, after.endedAt === null ? after : { ...after, task: null }]),
      );
      const uses = [...entries.values()].map((entry) =>
        useOf(entry, timesOf(entry.after.pool), since, until),
      );
      return { meters, uses };
    },
  };
}

function useOf(
  { before, after, lost }: Entry,
  times: MachineTimes,
  since: EpochMs,
  until: EpochMs,
): MachineUse {
  const was = before === null ? NO_USE : useUntil(before, since, times);
  const is = useUntil(after, until, times);
  return {
    boot: is.boot - was.boot,
    worker: is.worker - was.worker,
    empty: is.empty - was.empty,
    ...{ pool: after.pool, variant: after.variant, run: after.run, task: after.task, lost },
  };
}

/** Since the last step of its task. */
function inVain({ task, startedAt }: Meter, until: EpochMs): Lost {
  if (task === null || startedAt === null) return NONE_LOST;
  return { ms: Math.max(0, until - Math.max(task.since, startedAt)), task };
}

/** One's own machine has no meter. */
function costsNothing({ policy, now }: Sight, { pool, variant }: WorkerLife): boolean {
  const configured = policy.pools.find(({ name }) => name === pool);
  return configured !== undefined && priceOf(policy, configured, variant, now) === 0;
}

const OVER: ReadonlySet<string> = new Set(['completed', 'failed', 'canceled']);

/** Which task each worker has in hand, by its name. */
function tasksInHand({ observed, now }: Sight) {
  const { managerWorkers, details } = observed;
  const names = new Map(managerWorkers === 'unknown' ? [] : managerWorkers.map(({ id, name }) => [id, name]));
  const found = new Map<string, Omit<TaskInHand, 'since'> & { readonly updatedAt: EpochMs }>();
  for (const [run, seen] of details)
    for (const { id, name, stepsCompleted: steps, updatedAt, workerId } of activeTasks(seen)) {
      const worker = workerId === null ? undefined : names.get(workerId);
      if (worker !== undefined)
        found.set(worker, { id, run, steps, isCheck: name === CHECK_TASK, updatedAt });
    }
  /** Whether somebody could have told if it was still in hand. */
  const isUnread = (task: TaskInHand) =>
    managerWorkers === 'unknown' || details.get(task.run)?.tasks === 'unknown';
  return {
    /** It still has to be done. Asked of few: to list all that are open would cost more than the rest of the pass. */
    isOpen({ id, run }: TaskInHand): boolean {
      const tasks = details.get(run)?.tasks ?? 'unknown';
      return tasks !== 'unknown' && tasks.some((task) => task.id === id && !OVER.has(task.status));
    },
    of(worker: string, before: TaskInHand | null): TaskInHand | null {
      const task = found.get(worker);
      if (task === undefined) return before !== null && isUnread(before) ? before : null;
      if (before?.id === task.id && before.steps === task.steps) return before;
      const { updatedAt, ...inHand } = task;
      return { ...inHand, since: Math.min(updatedAt, now) };
    },
  };
}
