import { CHECK_TASK } from './chunks.ts';
import { act, type Draft, moveRun, note, type Sight, titleOf, updateRun } from './draft.ts';
import { formatFrames, framesOf } from './frames.ts';
import type { PoolPolicy, TaskObserved } from './model.ts';
import { poolOf } from './pools.ts';
import type { FrameVerdict } from './proof.ts';
import type { FrameTrouble, RunRecord } from './run.ts';
import { sameTask } from './tasks.ts';
import { framesOfTask, inOrder, isCounted, isGivenUp, withCounted, withWorker } from './troubles.ts';

/** What Blender and graphics drivers say when there is no memory left (the kit puts it into a frame's record). */
const MEMORY_WORDS =
  /\bout of (?:GPU |device |video |and shared host )*memory|not enough (?:GPU |video )?memory|[mc]alloc\w* returns null|std::bad_alloc|cannot allocate memory|ran out of memory/i;

const MESSAGE = 'its worker ran out of memory';

/** The next larger pool of the same kind, where a run may still move to one: once. `null` = it stays. */
export function biggerPool({ policy }: Pick<Sight, 'policy'>, run: RunRecord): PoolPolicy | null {
  const own = poolOf(policy, run);
  if (run.hasMoved || own.memoryGiB === null) return null;
  const has = own.memoryGiB;
  const larger = policy.pools.filter(
    ({ memoryGiB, hasGpu }) => memoryGiB !== null && memoryGiB > has && hasGpu === own.hasGpu,
  );
  return [...larger].sort((a, b) => (a.memoryGiB ?? 0) - (b.memoryGiB ?? 0))[0] ?? null;
}

/** Whether a frame failed for want of memory, by what its record says. */
function lacksMemory({ record, message }: FrameVerdict): boolean {
  return MEMORY_WORDS.test(record?.error ?? message);
}

/** These frames are left for the next larger pool. */
export function outgrow(draft: Draft, run: RunRecord, frames: readonly number[]): RunRecord {
  if (frames.length === 0) return run;
  const all = new Set([...framesOf(run.outgrown), ...frames]);
  return updateRun(draft, run, { outgrown: formatFrames([...all].sort((a, b) => a - b)) });
}

/**
 * Tasks whose worker's machine was ended because it ran out of memory: Flamenco would hand them out again for ever, since
 * nobody has told it that they failed. Their frames wait for a larger pool; where there is none, each time counts. `killed`:
 * what `killedWorkers` says.
 */
export function followMemory(
  sight: Sight,
  draft: Draft,
  before: RunRecord,
  tasks: readonly TaskObserved[],
  killed: ReadonlyMap<string, string>,
): RunRecord {
  if (killed.size === 0) return before;
  let run = before;
  for (const task of tasks) {
    const worker = task.status === 'active' ? killed.get(task.workerId ?? '') : undefined;
    if (worker === undefined || isCounted(run, task)) continue;
    const frames = task.name === CHECK_TASK ? framesOf(run.frames ?? '') : framesOfTask(task);
    const proved = new Set(framesOf(run.proved));
    const open = frames.filter((frame) => !proved.has(frame) && !isGivenUp(run, frame));
    note(sight, draft, `${titleOf(run)}: ${task.name} ran out of memory`, `worker ${worker}`);
    if (biggerPool(sight, run) === null) run = blameMemory(draft, run, task, open, worker);
    else run = outgrow(draft, run, open);
    const isSettled = open.every((frame) => isGivenUp(run, frame) || framesOf(run.outgrown).includes(frame));
    if (isSettled && task.name !== CHECK_TASK)
      act(draft, { kind: 'closeTask', ...sameTask(task), reason: 'it needs more memory' });
  }
  return run;
}

/** Flamenco ids of workers that were ended for want of memory, with their names. */
export function killedWorkers({ observed }: Sight): ReadonlyMap<string, string> {
  const { workers, managerWorkers } = observed;
  if (workers === 'unknown' || managerWorkers === 'unknown') return new Map();
  const names = new Set(workers.filter(({ outcome }) => outcome === 'outOfMemory').map(({ name }) => name));
  return new Map(managerWorkers.filter(({ name }) => names.has(name)).map(({ id, name }) => [id, name]));
}

function blameMemory(
  draft: Draft,
  run: RunRecord,
  task: TaskObserved,
  frames: readonly number[],
  worker: string,
): RunRecord {
  const blamed = frames.map((frame): FrameTrouble => {
    const old = run.troubles.find((trouble) => trouble.frame === frame);
    return {
      ...{ frame, attempts: (old?.attempts ?? 0) + 1, message: MESSAGE, log: old?.log ?? '' },
      workers: withWorker(old, worker),
    };
  });
  const others = run.troubles.filter(({ frame }) => !frames.includes(frame));
  return updateRun(draft, run, {
    troubles: inOrder([...others, ...blamed]),
    counted: withCounted(run, task),
  });
}

/** What is left of it is rendered on the next larger pool, as a job of the next round. Said on the run, once. */
export function moveToBigger(sight: Sight, draft: Draft, run: RunRecord, bigger: PoolPolicy): RunRecord {
  const small = poolOf(sight.policy, run);
  const frames = framesOf(run.outgrown);
  const what = `${frames.length === 1 ? 'Frame' : 'Frames'} ${run.outgrown} ran out of memory on pool "${small.name}" (${size(small)})`;
  const warning = `${what}: rendered on "${bigger.name}" (${size(bigger)}), $${bigger.pricePerHour} an hour.`;
  const reason = { code: 'outOfMemory', message: warning, action: null };
  note(sight, draft, `${titleOf(run)}: moves on to pool ${bigger.name}`, what);
  return moveRun(sight, draft, run, 'queued', reason, {
    ...{ pool: bigger.name, hasMoved: true, outgrown: '', round: run.round + 1, jobId: null },
    ...{ stopping: null, standstill: {}, counted: {} },
    warnings: [warning, ...run.warnings],
  });
}

function size({ memoryGiB }: PoolPolicy): string {
  return `${Math.floor((memoryGiB ?? 0) * 10) / 10} GiB`;
}

/** Frames that go to a larger pool are not tried again on this one. */
export function isOutgrown(run: RunRecord, frame: number): boolean {
  return run.outgrown !== '' && framesOf(run.outgrown).includes(frame);
}

/** Whether any of these did not come out for want of memory, and may be rendered on a larger pool. */
export function outgrowing(
  sight: Sight,
  run: RunRecord,
  bad: readonly FrameVerdict[],
  log: string,
): readonly number[] {
  if (biggerPool(sight, run) === null) return [];
  const lacking = bad.filter((verdict) => lacksMemory(verdict));
  const isTold = lacking.length > 0 || (bad.length > 0 && MEMORY_WORDS.test(log));
  return (lacking.length > 0 || !isTold ? lacking : bad).map(({ frame }) => frame);
}
