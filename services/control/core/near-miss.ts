import { folderOf } from './catalog.ts';
import type { MissingInput } from './run.ts';
import { isTiled, isTileOf } from './sequence.ts';

/** Finds the file that was probably meant by a path that leads to none. */
export type NearMiss = (missing: MissingInput) => string | null;

/**
 * Looks among `paths` for the same name in another case, Unicode form, folder or number of digits, or beside the
 * missing one with another ending. The longest equal tail of the path wins, then the exact name, then the folder
 * nearest to the .blend that refers to it.
 */
export function createNearMiss(paths: readonly string[]): NearMiss {
  const byName = indexBy(paths, (path) => looseName(nameOf(path)));
  const byStem = indexBy(paths, (path) => looseStem(path));
  return ({ path, referredBy }) => {
    const wanted = path.replaceAll('\\', '/');
    if (isTiled(wanted)) return best(paths.filter(isLooseTileOf(wanted)), wanted, referredBy);
    const others = (found: readonly string[] | undefined) => (found ?? []).filter((one) => one !== wanted);
    const sameName = others(byName.get(looseName(nameOf(wanted))));
    const candidates = sameName.length > 0 ? sameName : others(byStem.get(looseStem(wanted)));
    return best(candidates, wanted, referredBy);
  };
}

/** Of tiles the names are compared with any number in the token's place. */
function isLooseTileOf(wanted: string): (path: string) => boolean {
  const name = loose(nameOf(wanted))
    .toUpperCase()
    .replace(/<(UDIM|UVTILE)>/, '<$1>');
  return (path) =>
    isTileOf(
      name,
      loose(nameOf(path))
        .toUpperCase()
        .replace(/U(\d+)_V(\d+)/, 'u$1_v$2'),
    );
}

function best(candidates: readonly string[], wanted: string, referredBy: string): string | null {
  const rank = (path: string): readonly number[] => [
    commonTail(path, wanted, loose),
    commonTail(path, wanted, (part) => part),
    commonHead(path, referredBy),
    -path.length,
  ];
  const ranked = candidates.map((path) => ({ path, rank: rank(path) }));
  ranked.sort((a, b) => compareRanks(b.rank, a.rank) || (a.path < b.path ? -1 : 1));
  return ranked[0]?.path ?? null;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** How many parts at the end are equal. */
function commonTail(a: string, b: string, fold: (part: string) => string): number {
  const [left, right] = [a.split('/').reverse(), b.split('/').reverse()];
  const differsAt = left.findIndex((part, index) => fold(part) !== fold(right[index] ?? ''));
  return differsAt < 0 ? left.length : differsAt;
}

function commonHead(a: string, b: string): number {
  const [left, right] = [folderOf(a).split('/'), folderOf(b).split('/')];
  const differsAt = left.findIndex((part, index) => part !== right[index]);
  return differsAt < 0 ? left.length : differsAt;
}

function loose(text: string): string {
  return text.normalize('NFC').toLowerCase().trim();
}

/** Numbers count without their leading zeros. */
function looseName(name: string): string {
  return loose(name).replace(/(?<!\d)0+(?=\d)/g, '');
}

/** The name without its ending, in its folder's name: enough to tell that `tex/wood.jpg` is meant by `tex/wood.png`. */
function looseStem(path: string): string {
  const parts = path.split('/').slice(-2);
  const name = parts.at(-1) ?? '';
  const stem = name.replace(/(?!^)\.[^.]*$/, '');
  return looseName([...parts.slice(0, -1), stem].join('/'));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function indexBy(
  paths: readonly string[],
  keyOf: (path: string) => string,
): ReadonlyMap<string, readonly string[]> {
  return Map.groupBy(paths, keyOf);
}
