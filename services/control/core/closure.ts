import type { Catalog } from './catalog.ts';
import { isBlend, resolveReference } from './catalog.ts';
import type { InputSeen, Unknown } from './model.ts';
import type { MissingInput, Pin } from './run.ts';
import type { SettingsFile } from './settings.ts';

/** One file that a shot needs, and who says so. */
interface Needed {
  readonly path: string;
  readonly referredBy: string;
}

export interface Closure {
  readonly needed: readonly Needed[];
  /** References that can never be met from the bucket. */
  readonly impossible: readonly MissingInput[];
}

/** Everything a shot refers to: its own references, those of its libraries, and theirs. Cycles are fine. */
export function closureOf(scenePath: string, catalog: Catalog): Closure {
  const needed = new Map<string, Needed>([[scenePath, { path: scenePath, referredBy: scenePath }]]);
  const impossible: MissingInput[] = [];
  const queue = [scenePath];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    for (const reference of catalog.get(path)?.facts?.references ?? []) {
      if (reference.isOptional) continue;
      const target = resolveReference(path, reference.path);
      if (target === null) {
        impossible.push(impossibleReference(path, reference.path));
        continue;
      }
      if (needed.has(target)) continue;
      needed.set(target, { path: target, referredBy: path });
      if (isBlend(target)) queue.push(target);
    }
  }
  return { needed: [...needed.values()], impossible };
}

export type ClosureMet =
  | { readonly state: 'met'; readonly pins: readonly Pin[] }
  | { readonly state: 'missing'; readonly missing: readonly MissingInput[] }
  /** Something is still being read or computed: look again. */
  | { readonly state: 'unknown' };

/** Whether every needed file (and everything the manifest names) is in the bucket, and as what. */
export function meetClosure(
  closure: Closure,
  manifest: SettingsFile['inputs'],
  catalog: Catalog,
  inputs: ReadonlyMap<string, InputSeen | null | Unknown>,
): ClosureMet {
  const missing: MissingInput[] = [...closure.impossible];
  const pins = new Map<string, Pin>();
  let isUnknown = false;
  const named = (manifest ?? []).map(({ path }) => ({ path, referredBy: 'the manifest' }));
  for (const { path, referredBy } of [...closure.needed, ...named]) {
    const seen = inputs.get(path);
    if (seen === undefined || seen === 'unknown') isUnknown = true;
    else if (seen === null) missing.push({ path, referredBy, problem: 'missing' });
    else if (seen.crc32c === null || isUnread(path, seen, catalog)) isUnknown = true;
    else pins.set(path, { path, generation: seen.generation, size: seen.size, crc32c: seen.crc32c });
  }
  for (const { path, size, crc32c } of manifest ?? []) {
    const pin = pins.get(path);
    if (pin === undefined || (pin.size === size && pin.crc32c === crc32c)) continue;
    missing.push({ path, referredBy: 'the manifest', problem: 'different' });
  }
  if (missing.length > 0) return { state: 'missing', missing: dedupe(missing) };
  return isUnknown ? { state: 'unknown' } : { state: 'met', pins: [...pins.values()] };
}

/** A library that the catalog has not read yet may refer to more. */
function isUnread(path: string, seen: InputSeen, catalog: Catalog): boolean {
  return isBlend(path) && catalog.get(path)?.generation !== seen.generation;
}

function dedupe(missing: readonly MissingInput[]): readonly MissingInput[] {
  return [...new Map(missing.map((one) => [one.path, one])).values()];
}

function impossibleReference(from: string, stored: string): MissingInput {
  const problem = stored.startsWith('//') ? 'outside' : 'absolute';
  return { path: stored, referredBy: from, problem };
}

/** One sentence that names what is missing and who refers to it. */
export function describeMissing(missing: readonly MissingInput[]): string {
  const shown = missing.slice(0, 5).map(({ path, referredBy, problem }) => {
    if (problem === 'absolute') return `${path} (an absolute path in ${referredBy})`;
    if (problem === 'outside') return `${path} (leads out of the bucket, in ${referredBy})`;
    if (problem === 'different') return `${path} (other bytes than the manifest says)`;
    return `${path} (needed by ${referredBy})`;
  });
  const more = missing.length > shown.length ? ` and ${missing.length - shown.length} more` : '';
  return `${missing.length === 1 ? 'A file is' : `${missing.length} files are`} missing: ${shown.join(', ')}${more}.`;
}
