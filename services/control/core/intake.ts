import type { CatalogEntry } from './catalog.ts';
import { hasManifest, linkedPaths, shotOf, triggerOf } from './catalog.ts';
import type { Draft, Sight } from './draft.ts';
import { dropRun, note, openRun, openRuns, remember, shotMemory, updateShot } from './draft.ts';
import type { RunRecord } from './run.ts';
import { NEW_RUN } from './run.ts';

/**
 * The service died when a run was on record and that it was made was not: one that is made later would have its id, and be written
 * over its record. What makes it once more in this pass (the end of the run before it) does so first, under the same id.
 */
export function countRuns(_sight: Sight, draft: Draft): void {
  for (const { scenePath, count, id } of openRuns(draft))
    if (count > shotMemory(draft, scenePath).runs)
      updateShot(draft, scenePath, { runs: count, lastRunId: id });
}

/**
 * Makes a run of each new version of a shot (or of its settings), and finds out which .blends are none: libraries that
 * others link, ignored ones, what was there before, and what cannot render.
 */
export function takeIn(sight: Sight, draft: Draft): void {
  for (const path of sight.observed.touched) {
    const entry = sight.observed.catalog.get(path);
    if (entry !== undefined) takeInOne(sight, draft, entry);
  }
  dropLibraries(sight, draft);
}

function takeInOne(sight: Sight, draft: Draft, entry: CatalogEntry): void {
  const memory = shotMemory(draft, entry.path);
  const trigger = triggerOf(entry.generation, sight.observed.settingsFiles.get(entry.path));
  if (memory.handled === trigger) return;
  const live = openRuns(draft).find((run) => run.scenePath === entry.path);
  if (live !== undefined) {
    // Two runs of one shot would fight over its frames.
    if (isOf(sight, live, entry)) updateShot(draft, entry.path, { handled: trigger });
    return;
  }
  updateShot(draft, entry.path, { handled: trigger });
  if (isOnlyWithoutSettings(sight, entry, memory.handled)) return;
  const nothing = whyNoRun(sight, entry);
  if (nothing !== null) {
    note(sight, draft, `${entry.path}: not rendered`, nothing);
    return;
  }
  createRun(sight, draft, entry.path, {
    isExplicit: hasManifest(sight.observed.settingsFiles.get(entry.path)),
  });
}

/** To take a settings file away asks for nothing to be rendered. */
function isOnlyWithoutSettings(sight: Sight, entry: CatalogEntry, handled: string | null): boolean {
  const settings = sight.observed.settingsFiles.get(entry.path);
  return settings === undefined && handled !== null && handled.startsWith(`${entry.generation}/`);
}

/** Whether a run is of the shot and settings as they are. One that is not joins them (same bytes) or is superseded first. */
function isOf({ observed }: Sight, run: RunRecord, { path, generation }: CatalogEntry): boolean {
  const settings = observed.settingsFiles.get(path)?.generation ?? null;
  return run.generation === generation && run.settingsGeneration === settings;
}

/** Why nothing is rendered for it, or `null` when a run is to be made. */
function whyNoRun(sight: Sight, entry: CatalogEntry): string | null {
  if (hasManifest(sight.observed.settingsFiles.get(entry.path))) return null;
  if (entry.updatedAt < sight.observed.memory.intakeSince) return 'it was there before Tablao started here';
  if (sight.policy.isIgnored(entry.path)) return 'its path is in IGNORE_GLOBS';
  if (linkedPaths(sight.observed.catalog).has(entry.path)) return 'a library: other files link it';
  if (entry.failure !== null || entry.facts === null) return null;
  const canRender = entry.facts.scenes.some((scene) => scene.canRender);
  return canRender ? null : 'a library: no scene of it has a camera or a sequence';
}

/** A run that was not admitted yet and is linked by another file meanwhile is a library after all. */
function dropLibraries(sight: Sight, draft: Draft): void {
  const waiting = openRuns(draft).filter((run) => run.admittedAt === null && !run.isExplicit);
  if (waiting.length === 0) return;
  const linked = linkedPaths(sight.observed.catalog);
  for (const run of waiting) {
    if (!linked.has(run.scenePath) || run.requestedBy !== null || run.isReleased) continue;
    dropRun(draft, run);
    note(sight, draft, `${run.scenePath}: not rendered`, 'a library: other files link it');
  }
}

export interface NewRun {
  readonly isExplicit?: boolean;
  readonly isReleased?: boolean;
  readonly scriptsAllowed?: boolean;
  readonly request?: Readonly<Record<string, unknown>>;
  readonly requestedBy?: string | null;
}

/**
 * A new run of what the .blend is now. The id depends on name, generation and count only: a repeat makes the same one.
 * Counted on through all generations, since one may come again (a file put back with its old time).
 */
export function createRun(sight: Sight, draft: Draft, scenePath: string, wish: NewRun): RunRecord | null {
  const entry = sight.observed.catalog.get(scenePath);
  if (entry === undefined) return null;
  const memory = shotMemory(draft, scenePath);
  const count = memory.runs + 1;
  const id = sight.policy.hash(`${scenePath}\n${entry.generation}\n${count}`).slice(0, 10);
  const run = { ...emptyRun(sight, entry), ...wish, id, count } satisfies RunRecord;
  updateShot(draft, scenePath, {
    runs: count,
    lastRunId: id,
    handled: triggerOf(entry.generation, sight.observed.settingsFiles.get(entry.path)),
  });
  openRun(draft, run);
  note(sight, draft, `${run.shot}: received`, `run ${id}`);
  return run;
}

function emptyRun(sight: Sight, entry: CatalogEntry): Omit<RunRecord, 'id' | 'count'> {
  const settings = sight.observed.settingsFiles.get(entry.path);
  return {
    ...NEW_RUN,
    shot: shotOf(entry.path),
    scenePath: entry.path,
    generation: entry.generation,
    settingsGeneration: settings?.generation ?? null,
    sentBy: settings?.sentBy ?? null,
    receivedAt: sight.now,
    stateSince: sight.now,
  };
}

/** Remembers uploads for as long as settling needs them. */
export function rememberUploads(sight: Sight, draft: Draft): void {
  const { observed, policy, now } = sight;
  const fresh = observed.commands.flatMap(({ command }) =>
    command.kind === 'uploaded' ? [{ path: command.path, at: now }] : [],
  );
  const kept = observed.memory.recentUploads.filter((upload) => upload.at > now - policy.settleMs);
  const known = new Set(kept.map((upload) => upload.path));
  for (const path of observed.touched) {
    if (!known.has(path)) fresh.push({ path, at: now });
  }
  const byPath = new Map([...kept, ...fresh].map((upload) => [upload.path, upload]));
  if (byPath.size > 0 || observed.memory.recentUploads.length > 0) {
    remember(draft, { recentUploads: [...byPath.values()].slice(-2000) });
  }
}
