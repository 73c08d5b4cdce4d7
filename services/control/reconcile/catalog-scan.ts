import { BlendError, type BlendErrorCode, type BlendTools } from '../blend/facts.ts';
import { readBlend } from '../blend/read.ts';
import type { CatalogEntry, SettingsSeen } from '../core/catalog.ts';
import { GONE_AFTER_MS, isBlend, renderJsonOf, sceneOfRenderJson } from '../core/catalog.ts';
import type { EpochMs } from '../core/time.ts';
import type { ObjectSeen, Scenes } from '../ports/buckets.ts';
import { isPortError } from '../ports/errors.ts';
import { orUnknown } from './or-unknown.ts';
import { toShotFacts } from './shot-facts-of.ts';
import type { CatalogState } from './state.ts';

/** Why a .blend was not read although there may be nothing wrong with it: it is tried again. */
const SAYS_NOTHING: ReadonlySet<BlendErrorCode> = new Set(['unreadable', 'tooSlow', 'aborted']);
/** Counted up when more is read from a .blend than before: what an earlier version read is read again. */
const FACTS_FORM = 3;
const MAX_SETTINGS_BYTES = 8 * 1024 * 1024;

export interface Scan {
  readonly catalog: CatalogState;
  readonly didChange: boolean;
  /** Scene paths whose .blend or settings file is another one than before. */
  readonly touched: ReadonlySet<string>;
}

/** Reads what changed in the scenes bucket into the catalog: `listing` = all of it, else the `hinted` paths only. */
export async function scanScenes(
  scenes: Scenes,
  tools: BlendTools,
  before: CatalogState,
  listing: readonly ObjectSeen[] | null,
  hinted: readonly string[],
  now: EpochMs,
): Promise<Scan> {
  const blends = new Map(before.blends);
  const settings = new Map(before.settings);
  const touched = new Set<string>();
  let didChange = false;
  for (const [path, object] of await changedObjects(scenes, listing, hinted, before)) {
    const scenePath = isBlend(path) ? path : sceneOfRenderJson(path);
    if (scenePath === null) continue;
    const known: Map<string, CatalogEntry | SettingsSeen> = isBlend(path) ? blends : settings;
    didChange = markPresence(known, scenePath, object !== null, now) || didChange;
    if (object === null) continue;
    const hasChanged = isBlend(path)
      ? await scanBlend(scenes, tools, blends, path, object, now)
      : await scanSettings(scenes, settings, scenePath, path, object);
    if (!hasChanged) continue;
    didChange = true;
    touched.add(scenePath);
  }
  return { catalog: didChange ? { blends, settings } : before, didChange, touched };
}

/** A scan, and one of what it left over. */
export function joinScans(first: Scan, second: Scan): Scan {
  return {
    catalog: second.catalog,
    didChange: first.didChange || second.didChange,
    touched: new Set([...first.touched, ...second.touched]),
  };
}

/** Notes since when a file is away; one that stays away is forgotten. Says whether anything is to be remembered. */
function markPresence(
  known: Map<string, CatalogEntry | SettingsSeen>,
  scenePath: string,
  isThere: boolean,
  now: EpochMs,
): boolean {
  const entry = known.get(scenePath);
  if (entry === undefined || (isThere && entry.goneSince === null)) return false;
  if (isThere) known.set(scenePath, { ...entry, goneSince: null });
  else if (entry.goneSince === null) known.set(scenePath, { ...entry, goneSince: now });
  else if (now - entry.goneSince >= GONE_AFTER_MS) known.delete(scenePath);
  else return false;
  return true;
}

async function changedObjects(
  scenes: Scenes,
  listing: readonly ObjectSeen[] | null,
  hinted: readonly string[],
  before: CatalogState,
): Promise<ReadonlyMap<string, ObjectSeen | null>> {
  const isOurs = (path: string) => isBlend(path) || sceneOfRenderJson(path) !== null;
  if (listing !== null) {
    const gone = [...before.blends.keys(), ...[...before.settings.keys()].map(renderJsonOf)];
    return new Map<string, ObjectSeen | null>([
      ...gone.map((path) => [path, null] as const),
      ...listing.filter(({ path }) => isOurs(path)).map((object) => [object.path, object] as const),
    ]);
  }
  const seen = new Map<string, ObjectSeen | null>();
  for (const path of new Set(hinted.filter(isOurs))) {
    const object = await orUnknown(scenes.look(path));
    if (object !== 'unknown') seen.set(path, object);
  }
  return seen;
}

async function scanBlend(
  scenes: Scenes,
  tools: BlendTools,
  blends: Map<string, CatalogEntry>,
  path: string,
  object: ObjectSeen,
  now: EpochMs,
): Promise<boolean> {
  const known = blends.get(path);
  const isRead = known !== undefined && (known.facts !== null || known.failure !== null);
  if (isRead && known.generation === object.generation && known.readAs === FACTS_FORM) return false;
  const read = await readFacts(scenes, tools, object);
  const { generation, size, updatedAt } = object;
  const readAs = FACTS_FORM;
  blends.set(path, { path, generation, size, updatedAt, seenAt: now, goneSince: null, readAs, ...read });
  return true;
}

/** A port that fails leaves the file unread for the next pass; a file that is bad stays bad until it is written anew. */
async function readFacts(
  scenes: Scenes,
  tools: BlendTools,
  { path, generation, size }: ObjectSeen,
): Promise<Pick<CatalogEntry, 'facts' | 'failure'>> {
  const source = {
    size,
    read: (offset: number, length: number) => scenes.read(path, generation, offset, length),
  };
  try {
    return { facts: toShotFacts(await readBlend(source, tools)), failure: null };
  } catch (error) {
    if (isPortError(error) || (error instanceof Error && isPortError(error.cause)))
      return { facts: null, failure: null };
    if (!(error instanceof BlendError)) throw error;
    if (SAYS_NOTHING.has(error.code)) return { facts: null, failure: null };
    return { facts: null, failure: { code: error.code, message: error.message } };
  }
}

async function scanSettings(
  scenes: Scenes,
  settings: Map<string, SettingsSeen>,
  scenePath: string,
  path: string,
  object: ObjectSeen,
): Promise<boolean> {
  const known = settings.get(scenePath);
  if (known?.generation === object.generation) return false;
  const { generation, updatedAt, sentBy } = object;
  const read = await readJson(scenes, path, object);
  // The same words written again (a client that was interrupted and starts over) ask for nothing new.
  const isSame =
    known !== undefined && read !== null && JSON.stringify(known.value) === JSON.stringify(read.value);
  if (isSame && known.problem === null && read.problem === null) return false;
  if (read !== null)
    settings.set(scenePath, {
      ...{ generation, updatedAt, goneSince: null, ...read },
      ...(sentBy !== undefined && { sentBy }),
    });
  return true;
}

async function readJson(
  scenes: Scenes,
  path: string,
  { generation, size }: ObjectSeen,
): Promise<Pick<SettingsSeen, 'value' | 'problem'> | null> {
  if (size > MAX_SETTINGS_BYTES)
    return { value: null, problem: `is larger than ${MAX_SETTINGS_BYTES} bytes` };
  try {
    const bytes = await scenes.read(path, generation, 0, size);
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), problem: null };
  } catch (error) {
    if (isPortError(error)) return null;
    return { value: null, problem: `is no JSON (${error instanceof Error ? error.message : error})` };
  }
}
