import './zod-without-eval.ts';
import { BlendError } from '../../control/blend/facts.ts';
import { readBlend } from '../../control/blend/read.ts';
import {
  type CatalogEntry,
  isBlend,
  linkedPaths,
  renderJsonOf,
  type SettingsSeen,
} from '../../control/core/catalog.ts';
import { createNearMiss } from '../../control/core/near-miss.ts';
import type { MissingInput, RunSettings } from '../../control/core/run.ts';
import { needsOf } from '../../control/core/run-needs.ts';
import { readSettings, resolveSettings } from '../../control/core/settings.ts';
import type { SceneFacts } from '../../control/core/shot-facts.ts';
import {
  type ListedInput,
  type Listing,
  listingFor,
  listingKey,
  wantedFiles,
} from '../../control/core/wanted-files.ts';
import { toShotFacts } from '../../control/reconcile/shot-facts-of.ts';
import { blendTools, blobSource } from './blend-tools.ts';

/** The files of a project by their path, as they will be in the bucket. */
export type ProjectFiles = ReadonlyMap<string, Blob>;

export interface Project {
  readonly files: ProjectFiles;
  readonly catalog: ReadonlyMap<string, CatalogEntry>;
  readonly settingsFiles: ReadonlyMap<string, SettingsSeen>;
}

/** One shot of a project, judged as the service will judge it, with what was dropped for the bucket. */
export interface ShotFound {
  readonly path: string;
  readonly size: number;
  /** `null` = it can be rendered; else why nothing will be. */
  readonly notRendered: string | null;
  readonly blenderVersion: string;
  readonly scene: SceneFacts | null;
  readonly settings: RunSettings | null;
  /** Why these settings are no good; `null` = they are. */
  readonly problem: string | null;
  /** Everything of the project that it needs, itself first. */
  readonly there: readonly string[];
  readonly missing: readonly MissingInput[];
  readonly warnings: readonly string[];
}

/** Reads every .blend of what was dropped, and the settings beside them. Nothing is sent. */
export async function readProject(files: ProjectFiles, onRead: (path: string) => void): Promise<Project> {
  const catalog = new Map<string, CatalogEntry>();
  const settingsFiles = new Map<string, SettingsSeen>();
  for (const [path, blob] of files) {
    if (!isBlend(path)) continue;
    onRead(path);
    catalog.set(path, await readEntry(path, blob));
    const settings = files.get(renderJsonOf(path));
    if (settings !== undefined) settingsFiles.set(path, await readSettingsFile(settings));
  }
  return { files, catalog, settingsFiles };
}

async function readEntry(path: string, blob: Blob): Promise<CatalogEntry> {
  const entry = { path, generation: '', size: blob.size, updatedAt: 0, seenAt: 0, goneSince: null };
  try {
    const facts = toShotFacts(await readBlend(blobSource(blob), blendTools));
    return { ...entry, facts, failure: null };
  } catch (error) {
    if (!(error instanceof BlendError)) throw error;
    return { ...entry, facts: null, failure: { code: error.code, message: error.message } };
  }
}

async function readSettingsFile(blob: Blob): Promise<SettingsSeen> {
  const seen = { generation: '', updatedAt: 0, goneSince: null };
  try {
    return { ...seen, value: JSON.parse(await blob.text()), problem: null };
  } catch {
    return { ...seen, value: {}, problem: 'it is no JSON' };
  }
}

/** Every .blend of the project, those that will be rendered first. */
export function shotsOf(project: Project, requests: ReadonlyMap<string, unknown>): readonly ShotFound[] {
  const linked = linkedPaths(project.catalog);
  const found = [...project.catalog.values()].map((entry) =>
    judgeShot(project, entry, linked.has(entry.path), requests.get(entry.path) ?? {}),
  );
  return found.sort(
    (a, b) => Number(a.notRendered !== null) - Number(b.notRendered !== null) || (a.path < b.path ? -1 : 1),
  );
}

function judgeShot(project: Project, entry: CatalogEntry, isLinked: boolean, request: unknown): ShotFound {
  const { path, size, facts, failure } = entry;
  const own = ownSettings(project, path);
  const shot = { path, size, blenderVersion: facts?.blenderVersion ?? '', scene: null, settings: null };
  const nothing = { ...shot, problem: null, there: [], missing: [], warnings: facts?.warnings ?? [] };
  if (facts === null)
    return { ...nothing, notRendered: `it cannot be read: ${failure?.message ?? 'no reason is known'}` };
  if (isLinked) return { ...nothing, notRendered: 'a library: other files link it' };
  if (!facts.scenes.some((scene) => scene.canRender))
    return { ...nothing, notRendered: 'a library: no scene of it has a camera or a sequence' };
  const needs = closureIn(project, path, request);
  const asked = readSettings(request, 'the settings');
  const file = readSettings(own?.value ?? {}, renderJsonOf(path));
  const whole = { ...nothing, ...needs, warnings: [...facts.warnings, ...needs.warnings], notRendered: null };
  if (own != null && own.problem !== null)
    return { ...whole, problem: `${renderJsonOf(path)}: ${own.problem}` };
  if (!file.ok) return { ...whole, problem: file.reason.message };
  if (!asked.ok) return { ...whole, problem: asked.reason.message };
  const sources = { facts, file: file.settings, request: asked.settings, allowSceneScripts: false };
  const resolved = resolveSettings(sources);
  if (!resolved.ok)
    return { ...whole, problem: `${resolved.reason.message} ${resolved.reason.action ?? ''}` };
  return { ...whole, problem: null, scene: resolved.scene, settings: resolved.settings };
}

function ownSettings({ settingsFiles }: Project, path: string): SettingsSeen | undefined {
  return settingsFiles.get(path);
}

interface Needs {
  readonly there: readonly string[];
  readonly missing: readonly MissingInput[];
  readonly warnings: readonly string[];
}

/** What a shot needs for its frames, as admission sees it, with the project for the bucket. */
function closureIn(project: Project, scenePath: string, request: unknown): Needs {
  const paths = [...project.files.keys()];
  const run = { scenePath, request: (request ?? {}) as Readonly<Record<string, unknown>> };
  const { closure, frames } = needsOf(run, { ...project, settingsFiles: withoutManifests(project) });
  const listings = new Map<string, readonly ListedInput[]>();
  for (const listing of closure.needed.map(listingFor))
    if (listing !== null) listings.set(listingKey(listing), listIn(paths, listing));
  const wanted = wantedFiles(closure.needed, frames, listings);
  const there: string[] = [];
  const missing: MissingInput[] = [...closure.impossible, ...wanted.missing];
  for (const { path, referredBy, owner, kind, isOptional } of wanted.files.values()) {
    if (project.files.has(path)) there.push(path);
    const isUnreadable = project.catalog.get(path)?.failure != null;
    const problem = isUnreadable ? 'unreadable' : 'missing';
    if (isUnreadable || (!project.files.has(path) && !isOptional))
      missing.push({ path, referredBy, owner, kind, problem, suggestion: null });
  }
  const nearMiss = missing.length === 0 ? () => null : createNearMiss(paths);
  return {
    there,
    missing: missing.map((one) => ({
      ...one,
      suggestion: one.problem === 'unreadable' ? null : nearMiss(one),
    })),
    warnings: wanted.warnings,
  };
}

/** A manifest beside the shot is of an earlier sending: a new one is made. */
function withoutManifests({ settingsFiles }: Project): ReadonlyMap<string, SettingsSeen> {
  return new Map(
    [...settingsFiles].map(([path, seen]) => [path, { ...seen, value: withoutInputs(seen.value) }]),
  );
}

function withoutInputs(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { inputs: _, ...rest } = value as { inputs?: unknown };
  return rest;
}

/** What `<shot>.render.json` will say beside the manifest: its own settings, and those that were typed over them. */
export function settingsToSend(
  { settingsFiles }: Project,
  path: string,
  request: unknown,
): Readonly<Record<string, unknown>> {
  const own = withoutInputs(settingsFiles.get(path)?.value ?? {});
  return { ...(own as object), ...(request as object) };
}

function listIn(paths: readonly string[], { prefix, isDeep }: Listing): readonly ListedInput[] {
  const plain = { generation: '', size: 0, updatedAt: 0, crc32c: null };
  return paths
    .filter((path) => path.startsWith(prefix) && (isDeep || !path.slice(prefix.length).includes('/')))
    .sort()
    .map((path) => ({ path, ...plain }));
}
