import { basename, dirname, relative, resolve, sep } from 'node:path';
import { BlendError } from '../../control/blend/facts.ts';
import { renderJsonOf, shotOf } from '../../control/core/catalog.ts';
import type { MissingInput, Reason, RunSettings } from '../../control/core/run.ts';
import { readSettings, resolveSettings, type SettingsFile } from '../../control/core/settings.ts';
import type { SceneFacts, ShotFacts } from '../../control/core/shot-facts.ts';
import { uploadPathProblem } from '../../control/http/object-paths.ts';
import { toShotFacts } from '../../control/reconcile/shot-facts-of.ts';
import { commonFolder, diskClosure, isInside, type ReadFacts } from '../disk-closure.ts';
import { readSettingsFile, safeFolderName, shotProblem } from '../shot-file.ts';

/** Why a shot cannot be sent, for the person who wanted to. */
export class SubmitError extends Error {
  override readonly name = 'SubmitError';
}

/** One file to send. */
export interface FileToSend {
  /** On this machine. */
  readonly source: string;
  /** In the scenes bucket. */
  readonly path: string;
  readonly size: number;
}

export interface SubmitPlan {
  /** The shot's name, as runs and `pull` call it. */
  readonly shot: string;
  /** The .blend first. */
  readonly files: readonly FileToSend[];
  readonly missing: readonly MissingInput[];
  readonly warnings: readonly string[];
  /** What will be rendered, as far as the file and the settings tell; the service has defaults of its own. */
  readonly scene: SceneFacts;
  readonly resolved: RunSettings;
  /** What `<shot>.render.json` will hold, but for `inputs`. */
  readonly settings: SettingsFile;
  /** Where `<shot>.render.json` goes. */
  readonly settingsPath: string;
}

interface Options {
  readonly file: string;
  /** The project's folder; `null` = the one that holds all the files. */
  readonly root: string | null;
  /** Folder of the scenes bucket that the project's folder becomes; `null` = its own name. */
  readonly to: string | null;
  readonly given: Readonly<Record<string, unknown>>;
  readonly readFacts: ReadFacts;
}

/** What a shot needs, and where each file goes. Reads the disk only. Throws `SubmitError`. */
export async function planSubmit({ file, root, to, given, readFacts }: Options): Promise<SubmitPlan> {
  const shot = resolve(file);
  const problem = await shotProblem(file, shot);
  if (problem !== null) throw new SubmitError(problem);
  const settings = await settingsFor(shot, given);
  const facts = await factsOf(file, shot, readFacts);
  const resolution = resolveSettings({ facts, file: settings, request: {}, allowSceneScripts: true });
  if (!resolution.ok) throw new SubmitError(sentenceOf(resolution.reason));
  const { there, missing, warnings } = await diskClosure(shot, readFacts);
  const sources = there.map((one) => ({ source: resolve(one.path), size: one.size }));
  const folder = rootOf(
    shot,
    root,
    sources.map(({ source }) => source),
  );
  const base = to ?? (sources.length === 1 && root === null ? '' : safeFolderName(basename(folder)));
  const files = sources.map(({ source, size }) => ({ source, size, path: pathOf(folder, base, source) }));
  checkPaths(files);
  const scenePath = pathOf(folder, base, shot);
  return {
    ...{ shot: shotOf(scenePath), files, missing, settings, settingsPath: renderJsonOf(scenePath) },
    ...{ scene: resolution.scene, resolved: resolution.settings },
    warnings: [...new Set([...facts.warnings, ...warnings])],
  };
}

async function factsOf(file: string, shot: string, readFacts: ReadFacts): Promise<ShotFacts> {
  try {
    return toShotFacts(await readFacts(shot));
  } catch (cause) {
    if (!(cause instanceof BlendError)) throw cause;
    throw new SubmitError(`${file} cannot be read: ${cause.message}.`, { cause });
  }
}

function sentenceOf({ message, action }: Reason): string {
  return [message, action].filter(Boolean).join(' ');
}

/** The settings beside the shot, under those of the command line. */
async function settingsFor(shot: string, given: Readonly<Record<string, unknown>>): Promise<SettingsFile> {
  const file = renderJsonOf(shot);
  const found = await readSettingsFile(file);
  if (found === null)
    throw new SubmitError(`${file} is no JSON object of settings. Correct it or remove it.`);
  // A manifest of an earlier sending says nothing about this one.
  const { inputs: _old, ...own } = found;
  const settings = { ...own, ...given };
  const read = readSettings(settings, 'the settings');
  if (!read.ok) throw new SubmitError(`${read.reason.message}. Correct --set or ${basename(file)}.`);
  return read.settings;
}

function rootOf(shot: string, root: string | null, sources: readonly string[]): string {
  if (root === null) return sources.map((source) => dirname(source)).reduce(commonFolder, dirname(shot));
  const folder = resolve(root);
  const beyond = [shot, ...sources].filter((source) => !isInside(folder, source));
  if (beyond.length === 0) return folder;
  throw new SubmitError(
    `${beyond[0]}${beyond.length > 1 ? ` and ${beyond.length - 1} more` : ''} is not in --root ${root}. Name a folder that holds the shot and all that it needs, or leave --root out.`,
  );
}

function pathOf(root: string, base: string, source: string): string {
  const inside = relative(root, source).split(sep).join('/');
  return base === '' ? inside : `${base}/${inside}`;
}

function checkPaths(files: readonly FileToSend[]): void {
  for (const { source, path } of files) {
    const problem = uploadPathProblem(path);
    if (problem !== null) throw new SubmitError(`${source} cannot be sent as "${path}": ${problem}.`);
  }
}
