import { folderOf } from './catalog.ts';
import { closureOf, meetClosure } from './closure.ts';
import type { Sight } from './draft.ts';
import { titleOf } from './draft.ts';
import { missingFiles } from './missing-text.ts';
import { createNearMiss } from './near-miss.ts';
import type { MissingInput, Pin, RunRecord } from './run.ts';
import { needsOf } from './run-needs.ts';
import { reject, type Verdict, wait } from './verdict.ts';
import { listingKey } from './wanted-files.ts';

/** What a run's record names of what is missing; the count is said in its reason. */
const MOST_MISSING_KEPT = 500;
/** Flamenco would expand them. */
const BRACES = /[{}]/;

/** Uploads of the files of a shot come one by one: wait until none came for a while where this shot's files live. */
export function stillSettling(sight: Sight, run: RunRecord): Verdict | null {
  if (run.isExplicit || run.requestedBy !== null) return null;
  const { needed } = closureOf(run.scenePath, sight.observed.catalog);
  const folders = new Set(needed.map(({ path }) => folderOf(path)));
  const caches = needed.flatMap(({ path, shape }) => (shape === 'folder' ? [`${path}/`] : []));
  const isNear = (path: string) =>
    folders.has(folderOf(path)) || caches.some((cache) => path.startsWith(cache));
  const others = sight.observed.memory.recentUploads.filter(
    ({ path }) => path !== run.scenePath && isNear(path),
  );
  const last = Math.max(run.receivedAt, ...others.map((upload) => upload.at));
  const isAlone = needed.length === 1 && others.length === 0;
  const endsAt = last + sight.policy.settleMs;
  if (isAlone || sight.now >= endsAt) return null;
  return { ...wait('settling', 'Waiting until the upload has settled.', null), lookInMs: endsAt - sight.now };
}

type InputsJudged =
  | Verdict
  | { readonly pins: readonly Pin[]; readonly missing?: never; readonly warnings: readonly string[] };

/** The pins of all that the shot needs, or why it has to wait for some of it. */
export function judgeInputs(sight: Sight, run: RunRecord): InputsJudged {
  const { closure, frames, manifest } = needsOf(run, sight.observed);
  const braced = closure.needed.find(({ path }) => BRACES.test(path));
  if (braced !== undefined) return badName(run, braced.path);
  const met = meetClosure(closure, frames, manifest, sight.observed);
  if (met.state === 'unknown')
    return { ...wait('settling', 'Reading the inputs.', null), lookInMs: 1000, isReading: true };
  if (met.state === 'tooMany')
    return reject(
      'tooManyInputs',
      `The shot refers to ${met.count} files; more than ${met.limit} cannot be watched for changes while it renders.`,
      'Pack small files into the .blend, make a movie of long picture sequences, or render fewer "frames" at once.',
    );
  if (met.state === 'missing') return waitForMissing(sight, run, met.missing);
  const odd = met.pins.find(({ path }) => BRACES.test(path));
  return odd === undefined ? met : badName(run, odd.path);
}

function waitForMissing(sight: Sight, run: RunRecord, found: readonly MissingInput[]): Verdict {
  const missing = withSuggestions(sight, run, found);
  const reason = missingFiles(missing);
  const since = run.missingSince ?? sight.now;
  const patch = { missing: missing.slice(0, MOST_MISSING_KEPT), missingSince: since };
  const endsAt = since + sight.policy.missingFilesGraceMs;
  if (sight.now >= endsAt) return { kind: 'reject', reason, patch };
  return { kind: 'wait', reason, patch, lookInMs: Math.max(1000, endsAt - sight.now) };
}

/** The project's names are listed only when something else is missing than before: till then the old words hold. */
function withSuggestions(
  sight: Sight,
  run: RunRecord,
  missing: readonly MissingInput[],
): readonly MissingInput[] {
  const names = sight.observed.listings.get(listingKey(projectOf(run.scenePath)));
  const told = new Map(run.missing.map(({ path, suggestion }) => [path, suggestion]));
  const nearMiss =
    names === undefined || names === 'unknown' ? null : createNearMiss(names.map(({ path }) => path));
  return missing.map((one) => ({
    ...one,
    suggestion: nearMiss === null ? (told.get(one.path) ?? null) : suggest(nearMiss, one),
  }));
}

function suggest(nearMiss: (missing: MissingInput) => string | null, missing: MissingInput): string | null {
  return missing.problem === 'different' || missing.problem === 'unreadable' ? null : nearMiss(missing);
}

/** Where the files of a shot are looked for that have other names than it thinks: its topmost folder. */
export function projectOf(scenePath: string): { readonly prefix: string; readonly isDeep: true } {
  return { prefix: scenePath.slice(0, scenePath.indexOf('/') + 1), isDeep: true };
}

export function badName(run: RunRecord, path = run.scenePath): Verdict {
  return reject(
    'badName',
    `The name "${path}" has braces, which Flamenco would expand.`,
    `Rename it without { and } and upload it again (${titleOf(run)}).`,
  );
}
