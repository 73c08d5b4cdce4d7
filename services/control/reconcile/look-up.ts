import { folderOf } from '../core/catalog.ts';
import type { InputSeen, Unknown } from '../core/model.ts';
import type { Listed, ObjectSeen, Scenes } from '../ports/buckets.ts';
import { orUnknown } from './or-unknown.ts';

/** From so many files of one folder on, one listing is cheaper than looking at each. */
const LIST_FROM = 8;
/** What is more is looked at one by one, if it matters. */
export const LISTED_AT_MOST = 20_000;
/** So many checksums are asked for in one pass; the others stay unknown until then. */
const CHECKSUMS_A_PASS = 1000;
/** Look-ups under way at a time. */
const AT_ONCE = 16;

export type Inputs = Map<string, InputSeen | null | Unknown>;

/** Looks at these paths, at those of one folder together. `pinned` generations need no checksum. */
export async function lookUp(
  scenes: Scenes,
  paths: Iterable<string>,
  pinned: ReadonlyMap<string, string>,
  into: Inputs,
): Promise<void> {
  const alone: string[] = [];
  const unhashed: string[] = [];
  for (const group of Map.groupBy(new Set(paths), folderOf).values()) {
    if (group.length < LIST_FROM) {
      alone.push(...group);
      continue;
    }
    const prefix = commonStart(group);
    const listed = await orUnknown(scenes.listUnder(prefix, { isDeep: false, limit: LISTED_AT_MOST }));
    const left = takeListed(group, listed, pinned, into);
    alone.push(...left.unlisted);
    unhashed.push(...left.unhashed);
  }
  await inParallel([...alone, ...unhashed.slice(0, CHECKSUMS_A_PASS)], async (path) => {
    into.set(path, await orUnknown(scenes.look(path)));
  });
}

/** Takes over what the listing tells. What is left: not in a listing that was cut off, or without its checksum. */
function takeListed(
  group: readonly string[],
  listed: Listed | Unknown,
  pinned: ReadonlyMap<string, string>,
  into: Inputs,
): { readonly unlisted: readonly string[]; readonly unhashed: readonly string[] } {
  if (listed === 'unknown') {
    for (const path of group) into.set(path, 'unknown');
    return { unlisted: [], unhashed: [] };
  }
  const byPath = new Map(listed.objects.map((object) => [object.path, object]));
  const unlisted: string[] = [];
  const unhashed: string[] = [];
  for (const path of group) {
    const object = byPath.get(path);
    if (object === undefined && !listed.isWhole) unlisted.push(path);
    else into.set(path, object ?? null);
    if (object !== undefined && !isEnough(object, pinned)) unhashed.push(path);
  }
  return { unlisted, unhashed };
}

/** Without its checksum only an object that is the pinned one by its generation says enough. */
function isEnough({ path, generation, crc32c }: ObjectSeen, pinned: ReadonlyMap<string, string>): boolean {
  return crc32c !== null || pinned.get(path) === generation;
}

function commonStart(texts: readonly string[]): string {
  let start = texts[0] ?? '';
  for (const text of texts) while (!text.startsWith(start)) start = start.slice(0, -1);
  return start;
}

export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
}
