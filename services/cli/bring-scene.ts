import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { crcOf } from '../control/adapters/local/upload-file.ts';
import { renameOver, TEMPORARY_PREFIX, writeJson } from '../control/adapters/local/whole-files.ts';
import { renderJsonOf, shotOf } from '../control/core/catalog.ts';
import type { MissingInput } from '../control/core/run.ts';
import { commonFolder, diskClosure, type FileThere, isInside, type ReadFacts } from './disk-closure.ts';
import { readSettingsFile, safeFolderName, shotProblem } from './shot-file.ts';

/** What is wrong with `--scene`, for people. */
export class BringError extends Error {
  override readonly name = 'BringError';
}

export interface BringOptions {
  /** As the person wrote it. */
  readonly file: string;
  readonly scenesDir: string;
  readonly readFacts: ReadFacts;
  /**
   * Where each file in the scenes folder came from. Hand the same map to all calls of one start: two shots may then not
   * overwrite each other's files.
   */
  readonly brought?: Map<string, string>;
}

/** Paths in the scenes folder, `/`-separated. */
export interface Brought {
  /** The .blend's path without its ending, as runs are named: `film/sh010`. */
  readonly shot: string;
  /** What was not there yet, or otherwise. */
  readonly copied: readonly string[];
  /** What is referred to and cannot be brought. The service waits for it and names it, too. */
  readonly missing: readonly MissingInput[];
}

interface Input {
  readonly path: string;
  readonly size: number;
  readonly crc32c: string;
}

/** Where things go: `root` of the sources becomes `base` in the scenes folder. */
interface Place {
  readonly root: string;
  readonly base: string;
}

/**
 * Copies a shot and the relative files that it refers to into the scenes folder, keeping their places to each other,
 * then writes `<shot>.render.json` with a manifest of all: an explicit submission, which is rendered at once when every
 * file named is there. Settings in a `render.json` beside the shot are kept. Throws `BringError`.
 */
export async function bringScene(options: BringOptions): Promise<Brought> {
  const { file, brought = new Map<string, string>() } = options;
  const shot = resolve(file);
  const scenesDir = resolve(options.scenesDir);
  await checkShot(file, shot);
  const settings = await readOwnSettings(renderJsonOf(shot));
  const { there, missing } = await diskClosure(shot, options.readFacts);
  const found = there.map(({ path }) => resolve(path));
  const absent = missing.filter(({ problem }) => problem === 'missing').map(({ path }) => resolve(path));
  const place = choosePlace(shot, [...found, ...absent], scenesDir);
  const isReachable = (source: string): boolean => isInside(place.root, source);
  const sources = found.filter(isReachable);
  for (const source of sources) claim(brought, pathOf(place, source), source);

  const inputs: Input[] = [];
  const copied: string[] = [];
  for (const source of sources) {
    const path = pathOf(place, source);
    const { input, isNew } = await bring(source, scenesDir, path);
    inputs.push(input);
    if (isNew) copied.push(path);
  }
  const scenePath = pathOf(place, shot);
  await writeJson(join(scenesDir, renderJsonOf(scenePath)), { ...settings, inputs });
  const beyond = there.filter(({ path }) => !isReachable(resolve(path)));
  return {
    shot: shotOf(scenePath),
    copied,
    missing: [...missing.map((one) => inBucket(place, one)), ...beyond.map((one) => outside(place, one))],
  };
}

/** The same, with the paths that things have in the scenes folder. */
function inBucket(place: Place, missing: MissingInput): MissingInput {
  const { path, referredBy, problem, suggestion } = missing;
  return {
    ...missing,
    path: problem === 'absolute' || problem === 'outside' ? path : pathOf(place, resolve(path)),
    referredBy: pathOf(place, resolve(referredBy)),
    suggestion: suggestion === null ? null : pathOf(place, resolve(suggestion)),
  };
}

/** The shot is in the scenes folder already and refers to something outside of it. */
function outside(place: Place, { path, referredBy, owner, kind }: FileThere): MissingInput {
  const problem = 'outside';
  return { path, referredBy: pathOf(place, resolve(referredBy)), owner, kind, problem, suggestion: null };
}

async function checkShot(file: string, shot: string): Promise<void> {
  const problem = await shotProblem(file, shot);
  if (problem !== null) throw new BringError(`--scene ${problem}`);
}

/** The person's own settings for the shot; `{}` when there are none. */
async function readOwnSettings(path: string): Promise<Readonly<Record<string, unknown>>> {
  const settings = await readSettingsFile(path);
  if (settings === null)
    throw new BringError(`${path} is no JSON object of settings. Correct it or remove it.`);
  return settings;
}

/**
 * A lone shot goes to the top of the scenes folder. With others it keeps its distance to them, below a folder with the
 * name of the one that holds them all. What is in the scenes folder already stays where it is.
 */
function choosePlace(shot: string, files: readonly string[], scenesDir: string): Place {
  if (isInside(scenesDir, shot)) return { root: scenesDir, base: '' };
  const root = files.map((file) => dirname(file)).reduce(commonFolder);
  if (files.length === 1) return { root, base: '' };
  return { root, base: safeFolderName(basename(root) || shotOf(basename(shot))) };
}

function pathOf({ root, base }: Place, source: string): string {
  const parts = relative(root, source).split(sep);
  return (base === '' ? parts : [base, ...parts]).join('/');
}

function claim(brought: Map<string, string>, path: string, source: string): void {
  const other = brought.get(path);
  if (other !== undefined && other !== source)
    throw new BringError(
      `scenes/${path} would come from two places: ${other} and ${source}. Rename one of their folders, or start Tablao once for each.`,
    );
  brought.set(path, source);
}

async function bring(
  source: string,
  scenesDir: string,
  path: string,
): Promise<{ readonly input: Input; readonly isNew: boolean }> {
  const target = join(scenesDir, ...path.split('/'));
  const { size } = await stat(source);
  if (target === source || (await sizeOf(target)) === size) {
    const sum = await crcOf(source);
    if (target === source || (await crcOf(target)) === sum)
      return { input: { path, size, crc32c: sum }, isNew: false };
  }
  return { input: { path, ...(await copy(source, target)) }, isNew: true };
}

/** What is measured is the copy: the source may be saved anew meanwhile. */
async function copy(source: string, target: string): Promise<Omit<Input, 'path'>> {
  const temporary = join(dirname(target), `${TEMPORARY_PREFIX}${randomUUID()}`);
  await mkdir(dirname(target), { recursive: true });
  try {
    await copyFile(source, temporary, constants.COPYFILE_FICLONE);
    const measured = { size: (await stat(temporary)).size, crc32c: await crcOf(temporary) };
    await renameOver(temporary, target);
    return measured;
  } catch (cause) {
    throw new BringError(`${source} could not be copied to ${target}: ${messageOf(cause)}.`, { cause });
  } finally {
    await rm(temporary, { force: true });
  }
}

async function sizeOf(path: string): Promise<number | null> {
  return stat(path).then(
    (found) => found.size,
    () => null,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
