import { isBlend } from '../core/catalog.ts';
import { meetClosure } from '../core/closure.ts';
import { projectOf } from '../core/judge-inputs.ts';
import type { RunObserved, Unknown } from '../core/model.ts';
import { isLiveJob } from '../core/progress.ts';
import { isRejectedByCheck, isRejectedForFiles } from '../core/revival.ts';
import { isFinal, type RunRecord, wantsFarm } from '../core/run.ts';
import { needsOf, type RunNeeds } from '../core/run-needs.ts';
import {
  type ListedInput,
  type Listing,
  type Listings,
  listingFor,
  listingKey,
  wantedFiles,
} from '../core/wanted-files.ts';
import type { Scenes } from '../ports/buckets.ts';
import { type Inputs, inParallel, LISTED_AT_MOST, lookUp } from './look-up.ts';
import { orUnknown } from './or-unknown.ts';
import type { CatalogState } from './state.ts';

/** Libraries of libraries are read level by level; no project is as deep as this. */
const MOST_LEVELS = 50;

interface Asked {
  readonly scenes: Scenes;
  readonly runs: ReadonlyMap<string, RunRecord>;
  readonly catalog: CatalogState;
  /** Paths of which an upload was told. */
  readonly uploaded: ReadonlySet<string>;
  readonly details: ReadonlyMap<string, RunObserved>;
  readonly isListingDue: boolean;
  /** Runs that render whose .blend is looked at in this pass. */
  readonly due: ReadonlySet<string>;
  /** Reads these .blends, as they are now, into the catalog. */
  readonly readBlends: (paths: readonly string[]) => Promise<CatalogState>;
}

interface InputsLookedAt {
  readonly inputs: Inputs;
  readonly listings: Listings;
}

/**
 * Everything that runs which are not admitted yet refer to, libraries of libraries included, and the pins of those that
 * render, when they may have changed.
 */
export async function lookAtInputs(asked: Asked): Promise<InputsLookedAt> {
  const { scenes, runs } = asked;
  const inputs: Inputs = new Map();
  const listings = new Map<string, readonly ListedInput[] | Unknown>();
  const waiting = [...runs.values()].filter(needsInputs);
  let { catalog } = asked;
  const hasRead = new Set<string>();
  for (let level = 0; level < MOST_LEVELS; level += 1) {
    const needs = waiting.map((run) => needsOf(run, known(catalog)));
    await lookAtNeeds(scenes, needs, inputs, listings);
    const unread = unreadBlends(needs, inputs, catalog).filter((path) => !hasRead.has(path));
    if (unread.length === 0) break;
    for (const path of unread) hasRead.add(path);
    catalog = await asked.readBlends(unread);
  }
  await lookAtPins(asked, inputs);
  await listProjects(asked, catalog, waiting, inputs, listings);
  return { inputs, listings };
}

/** Runs that will be admitted (again): for the first time, or because they were held back since. */
function needsInputs(run: RunRecord): boolean {
  return isFinal(run.state) ? isRejectedForFiles(run) : !wantsFarm(run.state);
}

function known({ blends, settings }: CatalogState) {
  return { catalog: blends, settingsFiles: settings };
}

async function lookAtNeeds(
  scenes: Scenes,
  needs: readonly RunNeeds[],
  inputs: Inputs,
  listings: Map<string, readonly ListedInput[] | Unknown>,
): Promise<void> {
  const wanted = new Map<string, Listing>();
  for (const listing of needs.flatMap(({ closure }) => closure.needed.map(listingFor)))
    if (listing !== null && !listings.has(listingKey(listing))) wanted.set(listingKey(listing), listing);
  await inParallel([...wanted], async ([key, listing]) => {
    listings.set(key, await list(scenes, listing));
  });
  const there = new Map(
    [...listings.values()]
      .flatMap((listed) => (listed === 'unknown' ? [] : listed))
      .map((one) => [one.path, one]),
  );
  const paths = new Set<string>();
  for (const { closure, frames, manifest } of needs) {
    for (const path of wantedFiles(closure.needed, frames, listings).files.keys()) paths.add(path);
    for (const { path } of manifest ?? []) paths.add(path);
  }
  for (const path of paths) {
    const listed = there.get(path);
    if (inputs.has(path)) paths.delete(path);
    else if (listed !== undefined && listed.crc32c !== null) {
      inputs.set(path, listed);
      paths.delete(path);
    }
  }
  await lookUp(scenes, paths, new Map(), inputs);
}

async function list(scenes: Scenes, { prefix, isDeep }: Listing): Promise<readonly ListedInput[] | Unknown> {
  const listed = await orUnknown(scenes.listUnder(prefix, { isDeep, limit: LISTED_AT_MOST }));
  return listed === 'unknown' ? 'unknown' : listed.objects;
}

/** Shots and libraries that are another file now than the one that was read, if any was. */
function unreadBlends(
  needs: readonly RunNeeds[],
  inputs: Inputs,
  { blends }: CatalogState,
): readonly string[] {
  const paths = needs.flatMap(({ closure }) => closure.needed.map(({ path }) => path)).filter(isBlend);
  return [...new Set(paths)].filter((path) => {
    const seen = inputs.get(path);
    if (seen === undefined || seen === null || seen === 'unknown') return false;
    const entry = blends.get(path);
    return entry?.generation !== seen.generation || (entry.facts === null && entry.failure === null);
  });
}

/**
 * The pins of runs that render: when their job has ended, from time to time, and where an upload was told. Of runs that
 * their check rejected the last only.
 */
async function lookAtPins({ scenes, runs, uploaded, details, isListingDue, due }: Asked, inputs: Inputs) {
  const pinned = new Map<string, string>();
  const wanted = new Set<string>();
  for (const run of runs.values()) {
    const isRejected = isRejectedByCheck(run);
    if ((isFinal(run.state) && !isRejected) || needsInputs(run)) continue;
    const job = details.get(run.id)?.job;
    const isLost = job === null && run.round > 0;
    const isOver = job !== undefined && job !== null && job !== 'unknown' && !isLiveJob(job);
    const hasEnded = isLost || isOver;
    const isDue = !isRejected && (hasEnded || isListingDue || run.inputGoneSince !== null);
    const isTurn = isRejected || due.has(run.id);
    for (const { path, generation } of run.inputs) {
      if (inputs.has(path) || !(isDue || uploaded.has(path) || (path === run.scenePath && isTurn))) continue;
      wanted.add(path);
      pinned.set(path, pinned.get(path) === undefined ? generation : '');
    }
  }
  await lookUp(scenes, wanted, pinned, inputs);
}

/**
 * All names of a project, for runs of which something else is missing than was told, or into whose project something was
 * uploaded: perhaps it is there under another name.
 */
async function listProjects(
  { scenes, isListingDue, uploaded }: Asked,
  catalog: CatalogState,
  waiting: readonly RunRecord[],
  inputs: Inputs,
  listings: Map<string, readonly ListedInput[] | Unknown>,
): Promise<void> {
  for (const run of waiting) {
    const project = projectOf(run.scenePath);
    if (listings.has(listingKey(project))) continue;
    const { closure, frames, manifest } = needsOf(run, known(catalog));
    const met = meetClosure(closure, frames, manifest, { catalog: catalog.blends, inputs, listings });
    if (met.state !== 'missing') continue;
    const told = new Set(run.missing.map(({ path }) => path));
    const isNews = isListingDue || [...uploaded].some((path) => path.startsWith(project.prefix));
    if (!isNews && met.missing.every(({ path }) => told.has(path))) continue;
    listings.set(listingKey(project), await list(scenes, project));
  }
}
