import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { BlendError, type BlendFacts } from '../control/blend/facts.ts';
import type { CatalogEntry, SettingsSeen } from '../control/core/catalog.ts';
import { isBlend, renderJsonOf } from '../control/core/catalog.ts';
import { createNearMiss } from '../control/core/near-miss.ts';
import type { MissingInput } from '../control/core/run.ts';
import { needsOf, type RunNeeds } from '../control/core/run-needs.ts';
import {
  type ListedInput,
  type Listing,
  listingFor,
  listingKey,
  type WantedFiles,
  wantedFiles,
} from '../control/core/wanted-files.ts';
import { toShotFacts } from '../control/reconcile/shot-facts-of.ts';

/** Reads a .blend. Throws `BlendError` when it is none. */
export type ReadFacts = (path: string) => Promise<BlendFacts>;

/** One file that a shot needs and that is there. */
export interface FileThere {
  /** Absolute, as this machine writes paths. */
  readonly path: string;
  readonly kind: string | null;
  /** The data-block that refers to it; `null` = it is the shot itself. */
  readonly owner: string | null;
  /** The .blend that refers to it. */
  readonly referredBy: string;
  readonly size: number;
}

export interface DiskClosure {
  /** The shot first. */
  readonly there: readonly FileThere[];
  /** Absolute paths of this machine; `absolute` ones as stored. */
  readonly missing: readonly MissingInput[];
  readonly warnings: readonly string[];
}

/** So many names are looked through for the file that was probably meant. */
const NAMES_AT_MOST = 20_000;

/**
 * All that a shot needs for its frames, judged as the service does at admission, with the disk for the bucket: its
 * references, those of its libraries, and theirs. A .blend that cannot be read is `unreadable`, and there all the same.
 */
export async function diskClosure(shot: string, readFacts: ReadFacts): Promise<DiskClosure> {
  const path = toBucket(shot);
  const settingsFiles = await readSettings(path);
  const catalog = new Map<string, CatalogEntry>();
  const needs = () => needsOf({ scenePath: path, request: {} }, { catalog, settingsFiles });
  const hasTried = new Set<string>();
  for (;;) {
    const unread = needs().closure.needed.map((one) => one.path);
    const fresh = unread.filter((one) => (isBlend(one) || one === path) && !hasTried.has(one));
    if (fresh.length === 0) break;
    for (const blend of fresh) {
      hasTried.add(blend);
      const entry = await readEntry(blend, readFacts);
      if (entry !== null) catalog.set(blend, entry);
    }
  }
  return lookAtDisk(needs(), catalog);
}

async function lookAtDisk(
  { closure, frames }: RunNeeds,
  catalog: ReadonlyMap<string, CatalogEntry>,
): Promise<DiskClosure> {
  const listings = new Map<string, readonly ListedInput[]>();
  for (const listing of closure.needed.map(listingFor))
    if (listing !== null && !listings.has(listingKey(listing)))
      listings.set(listingKey(listing), await list(listing));
  const wanted = wantedFiles(closure.needed, frames, listings);
  const { there, missing } = await findAll(wanted, catalog);
  const all = [...closure.impossible, ...wanted.missing, ...missing];
  return {
    there,
    missing: await withSuggestions(all, there),
    warnings: [...wanted.warnings, ...whyUnreadable(catalog)],
  };
}

function whyUnreadable(catalog: ReadonlyMap<string, CatalogEntry>): readonly string[] {
  return [...catalog.values()].flatMap(({ path, failure }) =>
    failure === null ? [] : [`${path} cannot be read: ${failure.message}`],
  );
}

async function findAll(
  wanted: WantedFiles,
  catalog: ReadonlyMap<string, CatalogEntry>,
): Promise<{ readonly there: readonly FileThere[]; readonly missing: readonly MissingInput[] }> {
  const there: FileThere[] = [];
  const missing: MissingInput[] = [];
  for (const file of wanted.files.values()) {
    const { path, referredBy, owner, kind, isOptional } = file;
    const found = await statFile(path);
    const isUnreadable = catalog.get(path)?.failure != null;
    if (found !== null) there.push({ path, kind, owner, referredBy, size: found });
    const problem = isUnreadable ? 'unreadable' : 'missing';
    if (isUnreadable || (found === null && !isOptional))
      missing.push({ path, referredBy, owner, kind, problem, suggestion: null });
  }
  return { there, missing };
}

async function readEntry(path: string, readFacts: ReadFacts): Promise<CatalogEntry | null> {
  const size = await statFile(path);
  if (size === null) return null;
  const entry = { path, generation: '', size, updatedAt: 0, seenAt: 0, goneSince: null };
  try {
    return { ...entry, facts: toShotFacts(await readFacts(path)), failure: null };
  } catch (error) {
    if (!(error instanceof BlendError)) throw error;
    return { ...entry, facts: null, failure: { code: error.code, message: error.message } };
  }
}

/** The settings beside the shot say which frames are rendered; bad ones say nothing here. */
async function readSettings(shot: string): Promise<ReadonlyMap<string, SettingsSeen>> {
  const text = await readFile(renderJsonOf(shot), 'utf8').catch(() => null);
  if (text === null) return new Map();
  const seen = { generation: '', updatedAt: 0, problem: null, goneSince: null };
  return new Map([[shot, { ...seen, value: parseJson(text) }]]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** Size of a file; `null` = there is none. */
async function statFile(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() === true ? found.size : null;
}

async function list({ prefix, isDeep }: Listing): Promise<readonly ListedInput[]> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const names = await filesBelow(folder, isDeep, Number.POSITIVE_INFINITY);
  const plain = { generation: '', size: 0, updatedAt: 0, crc32c: null };
  return names
    .filter((path) => path.startsWith(prefix))
    .sort()
    .map((path) => ({ path, ...plain }));
}

/** Level by level, so that a limit cuts off what lies deepest. */
async function filesBelow(folder: string, isDeep: boolean, limit: number): Promise<readonly string[]> {
  const files: string[] = [];
  const folders = [folder];
  for (const at of folders) {
    const entries: readonly Dirent[] = await readdir(at, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (files.length >= limit) return files;
      if (!entry.isDirectory()) files.push(at + entry.name);
      else if (isDeep && !entry.name.startsWith('.')) folders.push(`${at}${entry.name}/`);
    }
  }
  return files;
}

async function withSuggestions(
  missing: readonly MissingInput[],
  there: readonly FileThere[],
): Promise<readonly MissingInput[]> {
  if (missing.length === 0) return missing;
  const folders = [...there, ...missing.filter(({ problem }) => problem === 'missing')];
  const root = folders.map(({ path }) => dirname(path)).reduce(commonFolder);
  const shotFolder = dirname(there[0]?.path ?? root);
  // The files of a shot that lie all over the disk have the whole disk in common: too much to look through.
  const start = dirname(dirname(root)) === dirname(root) ? shotFolder : root;
  const names = await filesBelow(`${toBucket(start)}/`, true, NAMES_AT_MOST);
  const nearMiss = createNearMiss(names);
  return missing.map((one) => {
    const suggestion = one.problem === 'unreadable' ? null : nearMiss(one);
    return { ...one, suggestion };
  });
}

/** The deepest folder that holds both. */
export function commonFolder(a: string, b: string): string {
  let folder = a;
  while (!isInside(folder, b) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** Also true for the folder itself. */
export function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** As paths in a bucket are written. */
function toBucket(path: string): string {
  return join(path).split(sep).join('/');
}
