import type { Catalog, CatalogEntry, SettingsSeen } from './catalog.ts';
import { type Closure, closureOf } from './closure.ts';
import { framesOf } from './frames.ts';
import { manifestIn } from './manifest.ts';
import type { RunRecord } from './run.ts';
import { readSettings, resolveSettings, type SettingsFile } from './settings.ts';

/** Everything that must be known of the bucket before a run is admitted. */
export interface RunNeeds {
  readonly closure: Closure;
  /** What it renders; `null` = its settings are no good, so there is no telling. */
  readonly frames: readonly number[] | null;
  readonly manifest: SettingsFile['inputs'];
}

interface Known {
  readonly catalog: Catalog;
  readonly settingsFiles: ReadonlyMap<string, SettingsSeen>;
}

export function needsOf(run: Pick<RunRecord, 'scenePath' | 'request'>, known: Known): RunNeeds {
  const settings = known.settingsFiles.get(run.scenePath);
  return {
    closure: closureOf(run.scenePath, known.catalog),
    frames: framesToRender(known.catalog.get(run.scenePath), settings, run.request),
    manifest: manifestIn(settings),
  };
}

function framesToRender(
  entry: CatalogEntry | undefined,
  settings: SettingsSeen | undefined,
  request: RunRecord['request'],
): readonly number[] | null {
  const facts = entry?.facts ?? null;
  const file = readSettings(settings?.value ?? {}, 'render.json');
  const asked = readSettings(request, 'the request');
  if (facts === null || !file.ok || !asked.ok) return null;
  const sources = { facts, file: file.settings, request: asked.settings, allowSceneScripts: false };
  const resolved = resolveSettings(sources);
  return resolved.ok ? framesOf(resolved.settings.frames.value) : null;
}
