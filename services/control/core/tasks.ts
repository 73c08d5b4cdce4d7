import { CHECK_TASK, VIDEO_TASK } from './chunks.ts';
import type { RunObserved, TaskObserved } from './model.ts';

/** For what is done to a task: only to this one as it was seen. */
export function sameTask({
  id,
  updatedAt,
}: TaskObserved): Pick<TaskObserved, 'updatedAt'> & { readonly taskId: string } {
  return { taskId: id, updatedAt };
}

/** Tasks that a worker has in hand; `[]` as well when they could not be read. */
export function activeTasks(seen: RunObserved | undefined): readonly TaskObserved[] {
  if (seen === undefined || seen.tasks === 'unknown') return [];
  return seen.tasks.filter(({ status }) => status === 'active');
}

const ENDED = new Set(['completed', 'failed', 'canceled']);

/** All that render frames and are not done, whatever they wait for. */
export function framesTasks(tasks: readonly TaskObserved[]): readonly TaskObserved[] {
  return tasks.filter(({ name, status }) => name !== CHECK_TASK && name !== VIDEO_TASK && !ENDED.has(status));
}

/**
 * Tasks that are running or could be handed out now. Render tasks wait for the check, the video for all frames
 * (flamenco.md: dependencies are not in the API).
 */
export function runnableTasks(tasks: readonly TaskObserved[]): readonly TaskObserved[] {
  const open = tasks.filter(
    ({ status }) => status === 'queued' || status === 'active' || status === 'soft-failed',
  );
  const check = open.filter((task) => task.name === CHECK_TASK);
  if (check.length > 0) return check;
  const frames = open.filter((task) => task.name !== VIDEO_TASK);
  return frames.length > 0 ? frames : open;
}
