import type { Catalog } from './catalog.ts';
import { isBlend, resolveReference, shotOf } from './catalog.ts';
import type { InputSeen, Unknown } from './model.ts';
import type { MissingInput, Pin } from './run.ts';
import type { SettingsFile } from './settings.ts';
import type { FileReference } from './shot-facts.ts';
import { type Listings, type WantedFile, wantedFiles } from './wanted-files.ts';

/** What a reference means in the bucket, and who says so. */
export interface Needed extends Pick<FileReference, 'shape' | 'shown' | 'tiles' | 'onFrames'> {
  /** Of a sequence the file that it names, of tiles with `<UDIM>` in it. */
  readonly path: string;
  readonly kind: string;
  /** The .blend that refers to it. */
  readonly referredBy: string;
  /** The data-block in it that does; `null` = it is the shot itself. */
  readonly owner: string | null;
  readonly isOptional: boolean;
}

export interface Closure {
  readonly needed: readonly Needed[];
  /** References that can never be met from the bucket. */
  readonly impossible: readonly MissingInput[];
}

/** More pins than this would make a run's record (about 150 bytes a pin) too large to be written again and again. */
const MAX_INPUTS = 10_000;

/** Everything a shot refers to: its own references, those of its libraries, and theirs. Cycles are fine. */
export function closureOf(scenePath: string, catalog: Catalog): Closure {
  const needed = new Map<string, Needed>();
  const impossible = new Map<string, MissingInput>();
  const blends = blendsOf(scenePath, catalog);
  const shownByOthers = imagesShownByOthers(blends, catalog);
  const isRetimed = catalog.get(scenePath)?.facts?.isRetimed === true;
  for (const blend of blends) {
    for (const stored of catalog.get(blend)?.facts?.references ?? []) {
      const isShownByOthers = stored.kind === 'image' && shownByOthers.has(imageKey(blend, stored.owner));
      const seen = isRetimed && blend !== scenePath ? withoutFrames(stored) : stored;
      const reference = isShownByOthers ? { ...withoutFrames(seen), isOptional: false } : seen;
      const one = neededBy(blend, reference);
      if (one !== null) addOnce(needed, keyOf(one), one);
      else if (!reference.isOptional)
        addOnce(impossible, reference.path, impossibleReference(blend, reference));
    }
  }
  return { needed: [theShot(scenePath), ...needed.values()], impossible: [...impossible.values()] };
}

/** The shot, its libraries, and theirs. */
function blendsOf(scenePath: string, catalog: Catalog): ReadonlySet<string> {
  const blends = new Set([scenePath]);
  for (const blend of blends)
    for (const reference of catalog.get(blend)?.facts?.references ?? []) {
      const path = neededBy(blend, reference)?.path;
      if (path !== undefined && isBlend(path)) blends.add(path);
    }
  return blends;
}

/** Images of libraries that somebody else than the library shows. */
function imagesShownByOthers(blends: ReadonlySet<string>, catalog: Catalog): ReadonlySet<string> {
  const keys = [...blends].flatMap((blend) =>
    (catalog.get(blend)?.facts?.linkedImages ?? []).flatMap(({ library, name }) => {
      const path = resolveReference(blend, library);
      return path === null ? [] : [imageKey(path, name)];
    }),
  );
  return new Set(keys);
}

function imageKey(blend: string, name: string): string {
  return `${blend}\n${name}`;
}

function withoutFrames({ shown: _, onFrames: __, ...reference }: FileReference): FileReference {
  return reference;
}

function theShot(path: string): Needed {
  return { path, kind: 'shot', referredBy: path, owner: null, isOptional: false };
}

function neededBy(blend: string, reference: FileReference): Needed | null {
  const path = resolveReference(blend, ownFolder(blend, reference.path));
  if (path === null) return null;
  const { kind, owner, isOptional, shape, shown, tiles, onFrames } = reference;
  return {
    ...{ path, kind, referredBy: blend, owner, isOptional },
    ...(shape === undefined ? {} : { shape }),
    ...(shown === undefined ? {} : { shown }),
    ...(tiles === undefined ? {} : { tiles }),
    ...(onFrames === undefined ? {} : { onFrames }),
  };
}

/** Physics caches lie in a folder that is named for the .blend: the reader writes `<blend>` for its name. */
function ownFolder(blend: string, stored: string): string {
  return stored.replace('<blend>', () => shotOf(blend.slice(blend.lastIndexOf('/') + 1)));
}

/** Two references may mean the same file in different ways: both count. */
function keyOf({ path, isOptional, shape, shown, tiles, onFrames }: Needed): string {
  return `${path}\n${JSON.stringify([isOptional, shape, shown, tiles, onFrames])}`;
}

function addOnce<T>(map: Map<string, T>, key: string, value: T): void {
  if (!map.has(key)) map.set(key, value);
}

function impossibleReference(referredBy: string, { path, owner, kind }: FileReference): MissingInput {
  const problem = path.startsWith('//') && !path.startsWith('///') ? 'outside' : 'absolute';
  return { path, referredBy, owner, kind, problem, suggestion: null };
}

/** What is known of the scenes bucket. */
export interface InputsSeen {
  readonly catalog: Catalog;
  readonly inputs: ReadonlyMap<string, InputSeen | null | Unknown>;
  readonly listings: Listings;
}

export type ClosureMet =
  | { readonly state: 'met'; readonly pins: readonly Pin[]; readonly warnings: readonly string[] }
  | { readonly state: 'missing'; readonly missing: readonly MissingInput[] }
  | { readonly state: 'tooMany'; readonly count: number; readonly limit: number }
  /** Something is still being read or computed: look again. */
  | { readonly state: 'unknown' };

/**
 * Whether everything that these frames need (and everything the manifest names) is in the bucket, and as what.
 * `frames`: `null` = which are shown of a sequence cannot be told.
 */
export function meetClosure(
  closure: Closure,
  frames: readonly number[] | null,
  manifest: SettingsFile['inputs'],
  seen: InputsSeen,
): ClosureMet {
  const wanted = wantedFiles(closure.needed, frames, seen.listings);
  const files = new Map(wanted.files);
  for (const { path } of manifest ?? []) addOnce(files, path, { path, ...MANIFEST, isOptional: false });
  if (files.size > MAX_INPUTS) return { state: 'tooMany', count: files.size, limit: MAX_INPUTS };
  const missing: MissingInput[] = [...closure.impossible, ...wanted.missing];
  const pins = new Map<string, Pin>();
  let { isUnknown } = wanted;
  for (const file of files.values()) {
    const found = findFile(file, seen);
    if (found === 'unknown') isUnknown = true;
    else if (found !== null && 'problem' in found) missing.push(found);
    else if (found !== null) pins.set(file.path, found);
  }
  missing.push(...differing(manifest, pins));
  if (missing.length > 0) return { state: 'missing', missing: dedupe(missing) };
  if (isUnknown) return { state: 'unknown' };
  return { state: 'met', pins: [...pins.values()], warnings: wanted.warnings };
}

const MANIFEST = { referredBy: 'the manifest', owner: null, kind: null };

/** `null` = it is not there and need not be. */
function findFile(file: WantedFile, { inputs, catalog }: InputsSeen): Pin | MissingInput | Unknown | null {
  const { path, referredBy, owner, kind } = file;
  const seen = inputs.get(path);
  if (seen === undefined || seen === 'unknown') return 'unknown';
  const problem = (what: MissingInput['problem']): MissingInput => {
    return { path, referredBy, owner, kind, problem: what, suggestion: null };
  };
  if (seen === null) return file.isOptional ? null : problem('missing');
  if (isBlend(path)) {
    const entry = catalog.get(path);
    if (entry?.generation !== seen.generation || (entry.facts === null && entry.failure === null))
      return 'unknown';
    if (entry.failure !== null) return problem('unreadable');
  }
  const { generation, size, crc32c } = seen;
  return crc32c === null ? 'unknown' : { path, generation, size, crc32c };
}

function differing(
  manifest: SettingsFile['inputs'],
  pins: ReadonlyMap<string, Pin>,
): readonly MissingInput[] {
  return (manifest ?? []).flatMap(({ path, size, crc32c }) => {
    const pin = pins.get(path);
    if (pin === undefined || (pin.size === size && pin.crc32c === crc32c)) return [];
    return [{ path, ...MANIFEST, problem: 'different', suggestion: null }];
  });
}

/** The .blend that needs a file says more than the manifest that names it: the first word counts. */
function dedupe(missing: readonly MissingInput[]): readonly MissingInput[] {
  return [...new Map([...missing].reverse().map((one) => [one.path, one])).values()].reverse();
}
