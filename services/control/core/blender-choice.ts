import type { BlenderAtHand } from './model.ts';

export type BlenderChosen =
  | { readonly ok: true; readonly blender: BlenderAtHand; readonly note: string | null }
  | { readonly ok: false; readonly message: string };

/** A .blend as it is called in sentences, and the major.minor of the Blender that saved it. */
export interface SavedFile {
  readonly name: string;
  readonly version: string;
}

/** The one that the newest Blender saved: the shot unless a library is newer. */
export function newestSaved(shot: SavedFile, libraries: readonly SavedFile[]): SavedFile {
  return libraries.reduce(
    (newest, one) => (compareVersions(one.version, newest.version) > 0 ? one : newest),
    shot,
  );
}

/**
 * The Blender that a run is pinned to: exactly the wanted one; else the file's own major.minor; else the oldest newer
 * one (which is said); never an older one, which would drop what it does not know.
 */
export function chooseBlender(
  { name, version: fileVersion }: SavedFile,
  wanted: string | null,
  atHand: readonly BlenderAtHand[],
): BlenderChosen {
  const oldestFirst = [...atHand].sort((a, b) => compareVersions(a.version, b.version));
  if (wanted !== null) {
    const exact = oldestFirst.findLast((blender) => isSameVersion(blender.version, wanted));
    if (exact !== undefined) return { ok: true, blender: exact, note: null };
    return { ok: false, message: `Blender ${wanted} was asked for; there is ${listed(oldestFirst)}.` };
  }
  const own = oldestFirst.findLast((blender) => isSameVersion(blender.version, fileVersion));
  if (own !== undefined) return { ok: true, blender: own, note: null };
  const newer = oldestFirst.find((blender) => compareVersions(blender.version, fileVersion) > 0);
  if (newer === undefined) {
    return {
      ok: false,
      message: `${name} was saved by Blender ${fileVersion}; there is ${listed(oldestFirst)}, and an older Blender would drop what it does not know.`,
    };
  }
  const note = `${name} was saved by Blender ${fileVersion} and is rendered with ${newer.version}: the picture may differ.`;
  return { ok: true, blender: newer, note };
}

/** `4.5.3` is a `4.5`, and a `4.5.3`, not a `4.50`. */
function isSameVersion(exact: string, wanted: string): boolean {
  return exact === wanted || exact.startsWith(`${wanted}.`);
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function listed(atHand: readonly BlenderAtHand[]): string {
  return atHand.length === 0 ? 'none' : `only ${atHand.map((blender) => blender.version).join(', ')}`;
}
