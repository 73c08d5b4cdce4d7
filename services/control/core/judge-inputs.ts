import { folderOf, resolveReference } from './catalog.ts';
import { closureOf, describeMissing, meetClosure } from './closure.ts';
import type { Sight } from './draft.ts';
import { titleOf } from './draft.ts';
import { manifestOf } from './intake.ts';
import type { Pin, RunRecord } from './run.ts';
import { reject, type Verdict, wait } from './verdict.ts';

/** Uploads of the files of a shot come one by one: wait until none came for a while where this shot's files live. */
export function stillSettling(sight: Sight, run: RunRecord): Verdict | null {
  if (run.isExplicit || run.isReleased || run.requestedBy !== null) return null;
  const entry = sight.observed.catalog.get(run.scenePath);
  const references = entry?.facts?.references ?? [];
  const folders = new Set([folderOf(run.scenePath)]);
  for (const reference of references) {
    const path = resolveReference(run.scenePath, reference.path);
    if (path !== null) folders.add(folderOf(path));
  }
  const others = sight.observed.memory.recentUploads.filter(
    (upload) => folders.has(folderOf(upload.path)) && upload.path !== run.scenePath,
  );
  const last = Math.max(run.receivedAt, ...others.map((upload) => upload.at));
  const isAlone = references.length === 0 && others.length === 0;
  const endsAt = last + sight.policy.settleMs;
  if (isAlone || sight.now >= endsAt) return null;
  return { ...wait('settling', 'Waiting until the upload has settled.', null), lookInMs: endsAt - sight.now };
}

/** The pins of all that the shot needs, or why it has to wait for some of it. */
export function judgeInputs(sight: Sight, run: RunRecord): Verdict | { readonly pins: readonly Pin[] } {
  const closure = closureOf(run.scenePath, sight.observed.catalog);
  const odd = closure.needed.find(({ path }) => /[{}]/.test(path));
  if (odd !== undefined) return badName(run, odd.path);
  const met = meetClosure(
    closure,
    manifestOf(sight, run.scenePath),
    sight.observed.catalog,
    sight.observed.inputs,
  );
  if (met.state === 'met') return met;
  if (met.state === 'unknown') return { ...wait('settling', 'Reading the inputs.', null), lookInMs: 1000 };
  const reason = {
    code: 'missingFiles',
    message: describeMissing(met.missing),
    action:
      'Upload them; the render starts by itself. Or pack them into the .blend (File > External Data > Pack Resources).',
  };
  const since = run.reason?.code === 'missingFiles' ? run.stateSince : sight.now;
  const endsAt = since + sight.policy.missingFilesGraceMs;
  if (sight.now >= endsAt) return { kind: 'reject', reason, patch: { missing: met.missing } };
  return {
    kind: 'wait',
    reason,
    patch: { missing: met.missing },
    lookInMs: Math.max(1000, endsAt - sight.now),
  };
}

export function badName(run: RunRecord, path = run.scenePath): Verdict {
  return reject(
    'badName',
    `The name "${path}" has braces, which Flamenco would expand.`,
    `Rename it without { and } and upload it again (${titleOf(run)}).`,
  );
}
