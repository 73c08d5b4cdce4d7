import type { Action } from '../core/actions.ts';
import type { JobObserved, TaskObserved, Unknown } from '../core/model.ts';
import type { Manager } from '../ports/manager.ts';
import { inParallel } from './look-up.ts';
import { orUnknown } from './or-unknown.ts';
import { createRotation } from './rotation.ts';

/** Jobs in which nothing has moved are looked into all the same, so many in a pass: who has which task in hand is no news. */
const UNCHANGED_A_PASS = 10;

/** The tasks of these jobs, by the job's id; `isAll` = nothing is taken from memory. */
export type TaskLook = (
  jobs: readonly JobObserved[],
  isAll: boolean,
) => Promise<ReadonlyMap<string, readonly TaskObserved[] | Unknown>>;

interface Read {
  readonly mark: string;
  readonly tasks: readonly TaskObserved[];
}

/** Asks for a job's tasks when the job has moved since (a finished frame, a change of status), or something was done to it. */
export function createTaskLook(manager: Pick<Manager, 'tasks'>): {
  readonly look: TaskLook;
  readonly forget: (done: readonly Action[]) => void;
  readonly forgetAll: () => void;
} {
  let known = new Map<string, Read>();
  const rotation = createRotation(UNCHANGED_A_PASS);

  async function look(jobs: readonly JobObserved[], isAll: boolean) {
    const isSame = (job: JobObserved) => !isAll && known.get(job.id)?.mark === markOf(job);
    const turn = rotation(jobs.filter(isSame).map(({ id }) => id));
    const kept = new Map<string, Read>();
    const answers = new Map<string, readonly TaskObserved[] | Unknown>();
    await inParallel(jobs, async (job) => {
      const before = known.get(job.id);
      const isKept = before !== undefined && isSame(job) && !turn.has(job.id);
      const tasks = isKept ? before.tasks : await orUnknown(manager.tasks(job.id));
      answers.set(job.id, tasks);
      if (tasks !== 'unknown') kept.set(job.id, { mark: markOf(job), tasks });
    });
    known = kept;
    return answers;
  }

  /** What was done to a job or to one of its tasks is seen at once. */
  function forget(done: readonly Action[]): void {
    const jobs = new Set(done.flatMap((action) => ('jobId' in action ? [action.jobId] : [])));
    const tasks = new Set(done.flatMap((action) => ('taskId' in action ? [action.taskId] : [])));
    for (const [id, read] of known)
      if (jobs.has(id) || (tasks.size > 0 && read.tasks.some((task) => tasks.has(task.id)))) known.delete(id);
  }

  /** Somebody else may have done something meanwhile: he has looked at it since, and we have not. */
  function forgetAll(): void {
    known = new Map();
  }

  return { look, forget, forgetAll };
}

function markOf({ status, updatedAt, stepsCompleted }: JobObserved): string {
  return `${status} ${updatedAt} ${stepsCompleted}`;
}
