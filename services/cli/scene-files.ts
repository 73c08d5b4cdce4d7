import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { BlendError, type ExternalFile } from '../control/blend/facts.ts';
import { isBlend } from '../control/core/catalog.ts';

/** Reads what a .blend refers to. */
export type ReadFacts = (path: string) => Promise<{ readonly externalFiles: readonly ExternalFile[] }>;

/** Absolute paths on this machine. */
export interface SceneFiles {
  /** The shot first. */
  readonly found: readonly string[];
  readonly missing: readonly string[];
}

/**
 * A shot and all that it refers to by a relative path, its libraries' references included. A .blend that cannot be read
 * comes along without what it refers to: the service will say what is wrong with it.
 */
export async function collectSceneFiles(shot: string, readFacts: ReadFacts): Promise<SceneFiles> {
  const found = new Set([shot]);
  const missing = new Set<string>();
  const queue = [shot];
  for (let blend = queue.shift(); blend !== undefined; blend = queue.shift()) {
    for (const reference of await referencesOf(blend, readFacts)) {
      if (reference.packed || !isRelative(reference.path)) continue;
      const target = resolve(dirname(blend), reference.path.slice(2));
      const files = await filesAt(target, reference);
      if (files.length === 0 && reference.mayBeNeeded !== true) missing.add(target);
      const fresh = files.filter((file) => !found.has(file));
      for (const file of fresh) found.add(file);
      queue.push(...fresh.filter(isBlend));
    }
  }
  return { found: [...found], missing: [...missing] };
}

async function referencesOf(blend: string, readFacts: ReadFacts): Promise<readonly ExternalFile[]> {
  try {
    return (await readFacts(blend)).externalFiles;
  } catch (error) {
    if (error instanceof BlendError) return [];
    throw error;
  }
}

/** `///` is no path of Blender's, but a slip that would become an absolute one. */
function isRelative(path: string): boolean {
  return path.startsWith('//') && !path.startsWith('///');
}

/** The files that a reference means: one, the frames of a sequence, the tiles of a texture, or all of a cache folder. */
async function filesAt(target: string, { source, kind }: ExternalFile): Promise<readonly string[]> {
  if (/<(UDIM|UVTILE)>/.test(basename(target))) return siblings(target, tilePattern(basename(target)));
  const found = await stat(target).catch(() => null);
  if (found?.isDirectory() === true) return below(target);
  const mayBeSequence = source === 'sequence' || kind === 'volume' || kind === 'movieclip';
  const frames = mayBeSequence ? await siblings(target, framePattern(basename(target))) : [];
  return found !== null && frames.length === 0 ? [target] : frames;
}

async function siblings(target: string, pattern: RegExp | null): Promise<readonly string[]> {
  if (pattern === null) return [];
  const entries = await readdir(dirname(target), { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => !entry.isDirectory() && pattern.test(entry.name));
  return names.map((entry) => join(dirname(target), entry.name)).sort();
}

async function below(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function tilePattern(name: string): RegExp {
  const pattern = literal(name).replace('<UDIM>', '\\d{4}').replace('<UVTILE>', 'u\\d+_v\\d+');
  return new RegExp(`^${pattern}$`);
}

/** The last run of digits counts the frames, as in Blender; `null` = there is none. */
function framePattern(name: string): RegExp | null {
  const parts = /^(.*?)(\d+)(\D*)$/.exec(name);
  return parts === null ? null : new RegExp(`^${literal(parts[1] ?? '')}\\d+${literal(parts[3] ?? '')}$`);
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
