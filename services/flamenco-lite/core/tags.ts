import type { Farm } from './farm.ts';
import type { TagRow, WorkerRow } from './model.ts';

/** `null` when the name or the id is taken. */
export function createTag(farm: Farm, tag: TagRow): TagRow | null {
  if (farm.tags.has(tag.id) || tagByName(farm, tag.name) !== null) return null;
  farm.tags.set(tag.id, tag);
  return tag;
}

export function tagByName(farm: Farm, name: string): TagRow | null {
  return [...farm.tags.values()].find((tag) => tag.name === name) ?? null;
}

/** Deletes a tag; its jobs become tagless, so that any worker may take them. */
export function deleteTag(farm: Farm, tag: TagRow): void {
  farm.tags.delete(tag.id);
  for (const worker of farm.workers.values()) worker.tagIds.delete(tag.id);
  for (const job of farm.jobs.values()) {
    if (job.workerTagId === tag.id) job.workerTagId = null;
  }
}

/** Replaces a worker's tags; ids that no tag has are dropped without a word, as in Flamenco. */
export function setTags(farm: Farm, worker: WorkerRow, tagIds: readonly string[]): void {
  worker.tagIds.clear();
  for (const id of tagIds) {
    if (farm.tags.has(id)) worker.tagIds.add(id);
  }
}
