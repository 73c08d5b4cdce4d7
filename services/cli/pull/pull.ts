import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { plainText } from '../../control/core/plain-text.ts';
import type { RunRecord } from '../../control/core/run.ts';
import { calledAs } from '../called-as.ts';
import { forEachAtOnce } from '../service/at-once.ts';
import { createPatience } from '../service/patience.ts';
import { createServiceClient, type ServiceClient, ServiceError } from '../service/service-client.ts';
import { sizeText } from '../terminal-text.ts';
import { DiskError, dropPart, fetchFile, isHere, type RemoteFile } from './fetch-file.ts';
import { filesOfFrame } from './frame-files.ts';
import { type PullOptions, parsePull, pullUsage } from './options.ts';
import { createRunsOfShot } from './runs-of-shot.ts';
import { comingRun, type ShotVersion, versionOf } from './shot-version.ts';
import { claimFolder, OtherVersionError } from './whose-folder.ts';

const MISUSED = 2;
const STREAMS = 4;
const LOOK_AT_ONCE = 50;
const WATCH_EVERY_MS = 5000;
const PREVIEW = 'preview.mp4';

/** `tablao pull`: fetches the proved frames of a shot. Resolves to the exit code. */
export async function pull(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const command = calledAs('pull', env);
  const options = parsePull(args, env);
  if (options === 'help') {
    process.stdout.write(pullUsage(command));
    return 0;
  }
  if (typeof options === 'string') {
    process.stderr.write(`pull: ${options}\nSee ${command} --help\n`);
    return MISUSED;
  }
  try {
    return await fetchAll(options);
  } catch (error) {
    if (error instanceof OtherVersionError) {
      process.stderr.write(`pull: ${plainText(error.message)}\n`);
      return 1;
    }
    if (!(error instanceof ServiceError || error instanceof DiskError)) throw error;
    process.stderr.write(`pull: ${plainText(error.message)}\n`);
    if (error instanceof DiskError || error.isPassing)
      process.stderr.write('What came is kept: the same command goes on from there.\n');
    return 1;
  }
}

async function fetchAll(options: PullOptions): Promise<number> {
  const client = createServiceClient(options);
  const runsOfShot = createRunsOfShot({ client, shot: options.shot, now: Date.now });
  const progress: Progress = { fetched: new Set(), saidGone: new Set() };
  const patience = createPatience();
  const sayOnce = createSayOnce();
  for (let hasAnswered = false; ; ) {
    try {
      const runs = await runsOfShot();
      const found = versionOf(runs, options.version);
      const coming = comingRun(runs, options.version);
      hasAnswered = true;
      // Frames of the version before are not what somebody waits for who has just sent a new one.
      const isThere = found !== null && (coming === null || !options.watch);
      if (!isThere && options.watch) sayOnce(whatIsAwaited(options, coming));
      if (!isThere && !options.watch) throw new ServiceError(noSuchShot(options, coming), 404);
      const end = isThere ? await fetchNow(client, { found, coming }, options, progress) : null;
      if (end !== null) return end;
      patience.reset();
      await delay(WATCH_EVERY_MS);
    } catch (error) {
      // One that never answered is not there; one that did is being started again, or the way to it is broken.
      const isPassing = hasAnswered && error instanceof ServiceError && error.isPassing;
      if (!isPassing || !(await patience.wait())) throw error;
    }
  }
}

/** What this command has done so far. */
interface Progress {
  /** Frames by `keyOf`. */
  readonly fetched: Set<string>;
  /** Files that were said to be gone: while it watches they are missed at each look. */
  readonly saidGone: Set<string>;
}

interface ToFetch {
  readonly found: ShotVersion;
  /** What may be a newer version. */
  readonly coming: RunRecord | null;
}

/** Fetches what is there by now. The exit code when nothing more is to come or waited for, else `null`. */
async function fetchNow(
  client: ServiceClient,
  { found, coming }: ToFetch,
  options: PullOptions,
  progress: Progress,
): Promise<number | null> {
  const target = resolve(options.to ?? found.folder);
  const isAsLooked = await fetchNew(client, found, target, progress);
  const here = [...found.proved].filter(isIn(progress.fetched)).length;
  const isEnd = found.isEnded && isAsLooked;
  return isEnd || !options.watch ? sayEnd({ found, coming }, target, here) : null;
}

/** A frame counts once for each run that proved it. */
function keyOf(frame: number, run: { readonly id: string }): string {
  return `${run.id} ${frame}`;
}

function isIn(fetched: ReadonlySet<string>) {
  return ([frame, run]: [number, { readonly id: string }]) => fetched.has(keyOf(frame, run));
}

/**
 * Fetches the frames that are proved and not here yet; the preview when all has ended. False: something was written anew
 * while it was fetched.
 */
async function fetchNew(
  client: ServiceClient,
  version: ShotVersion,
  target: string,
  { fetched, saidGone }: Progress,
): Promise<boolean> {
  const frames = [...version.proved].filter((entry) => !isIn(fetched)(entry));
  const names = new Map<string, string>();
  const othersSince = new Map<string, number>();
  await forEachAtOnce(frames, STREAMS, async ([frame, run]) => {
    const files = await filesOfFrame(client, version, frame);
    for (const name of files.names) {
      names.set(name, keyOf(frame, run));
      if (files.othersSince !== null) othersSince.set(name, files.othersSince);
    }
  });
  if (version.isEnded) names.set(PREVIEW, '');
  const { files, dollarsPerGiB } = await look(client, version.folder, [...names.keys()]);
  const isGone = new Set(names.keys());
  const todo: RemoteFile[] = [];
  for (const file of files) {
    const since = othersSince.get(below(version, file)) ?? Number.POSITIVE_INFINITY;
    if (Date.parse(file.updatedAt) >= since) continue;
    isGone.delete(below(version, file));
    if (!(await isHere(placeOf(version, target, file), file))) todo.push(file);
  }
  isGone.delete(PREVIEW);
  const targets = todo.map((file) => placeOf(version, target, file));
  if (todo.length > 0) await claimFolder(target, version.folder, targets);
  sayBefore(todo, target, dollarsPerGiB);
  const show = createCounter(todo);
  let isAsLooked = true;
  await forEachAtOnce(todo, STREAMS, async (file) => {
    const place = placeOf(version, target, file);
    try {
      await fetchFile(client, file, place, show.bytes);
    } catch (error) {
      if (!(error instanceof ServiceError) || !(await isAnother(client, version, file))) throw error;
      await dropPart(file, place);
      isGone.add(below(version, file));
      isAsLooked = false;
    }
    show.file();
  });
  show.done();
  for (const name of isGone) {
    if (!saidGone.has(name))
      process.stderr.write(`pull: ${plainText(name)} as it was proved is not in the bucket any more.\n`);
    saidGone.add(name);
  }
  const incomplete = new Set([...isGone].map((name) => names.get(name)));
  for (const [frame, run] of frames) if (!incomplete.has(keyOf(frame, run))) fetched.add(keyOf(frame, run));
  return isAsLooked;
}

/** Whether it was written anew, or taken away, since it was looked at. */
async function isAnother(client: ServiceClient, version: ShotVersion, file: RemoteFile): Promise<boolean> {
  const { files } = await look(client, version.folder, [below(version, file)]);
  return files[0]?.generation !== file.generation;
}

async function look(
  client: ServiceClient,
  folder: string,
  names: readonly string[],
): Promise<{ readonly files: readonly RemoteFile[]; readonly dollarsPerGiB: number }> {
  const files: RemoteFile[] = [];
  let dollarsPerGiB = 0;
  for (let from = 0; from < names.length; from += LOOK_AT_ONCE) {
    const paths = names.slice(from, from + LOOK_AT_ONCE).map((name) => `${folder}/${name}`);
    const answer: { files: readonly RemoteFile[]; dollarsPerGiB: number } = await client.post(
      '/renders/look',
      {
        paths,
      },
    );
    files.push(...answer.files);
    dollarsPerGiB = answer.dollarsPerGiB;
  }
  return { files, dollarsPerGiB };
}

function below({ folder }: ShotVersion, { path }: RemoteFile): string {
  return path.slice(folder.length + 1);
}

function placeOf(version: ShotVersion, target: string, file: RemoteFile): string {
  return join(target, ...below(version, file).split('/'));
}

/** What it is and what it costs, before a byte is fetched. */
function sayBefore(todo: readonly RemoteFile[], target: string, dollarsPerGiB: number): void {
  if (todo.length === 0) return;
  const bytes = todo.reduce((sum, { size }) => sum + size, 0);
  const dollars = (bytes / 1024 ** 3) * dollarsPerGiB;
  const cost =
    dollarsPerGiB === 0
      ? ''
      : `; Google asks ${dollars < 0.01 ? 'less than $0.01' : `about $${dollars.toFixed(2)}`} for the traffic, outside of its data centres`;
  process.stdout.write(
    `${todo.length} file${todo.length === 1 ? '' : 's'}, ${sizeText(bytes)}, into ${plainText(target)}${cost}.\n`,
  );
}

/** One line on a terminal that counts; nothing elsewhere. */
function createCounter(todo: readonly RemoteFile[]) {
  const total = todo.reduce((sum, { size }) => sum + size, 0);
  const isTTY = process.stdout.isTTY === true && todo.length > 0;
  let came = 0;
  let files = 0;
  const draw = (): void => {
    if (isTTY)
      process.stdout.write(
        `\r\u001b[0K${files} of ${todo.length} files, ${sizeText(came)} of ${sizeText(total)}`,
      );
  };
  return {
    bytes: (bytes: number) => {
      came += bytes;
      draw();
    },
    file: () => {
      files += 1;
      draw();
    },
    done: () => {
      if (isTTY) process.stdout.write('\r\u001b[0K');
    },
  };
}

function sayEnd({ found, coming }: ToFetch, target: string, here: number): number {
  const { wanted, isEnded, version } = found;
  const isAll = here === wanted;
  const rest = isAll || isEnded ? '' : ' The rest is not rendered yet: --watch stays until it is.';
  const newer =
    coming === null
      ? ''
      : ` Perhaps a newer version is on its way (${standingOf(coming)}): --watch waits for it.`;
  process.stdout.write(
    `${here} of ${wanted} frames of v${String(version).padStart(3, '0')} are in ${plainText(target)}.${rest}${newer}\n`,
  );
  return isAll && coming === null ? 0 : 1;
}

function createSayOnce(): (text: string) => void {
  let said = '';
  return (text) => {
    if (text !== said) process.stdout.write(`${text}\n`);
    said = text;
  };
}

/** Nothing of it is there. */
function whatIsAwaited(options: PullOptions, coming: RunRecord | null): string {
  const what = plainText(nameOf(options));
  return coming === null
    ? `There is no ${what} yet. It is waited for.`
    : `${what} is waited for (${standingOf(coming)}).`;
}

function standingOf({ state, reason }: RunRecord): string {
  return plainText(reason === null ? state : `${state}: ${reason.message}`);
}

function noSuchShot(options: PullOptions, coming: RunRecord | null): string {
  if (coming !== null) return `Nothing of ${nameOf(options)} is there yet (${standingOf(coming)}).`;
  return `There is no ${nameOf(options)} to fetch. The page and GET /status list the shots.`;
}

function nameOf({ shot, version }: PullOptions): string {
  return version === null ? shot : `v${String(version).padStart(3, '0')} of ${shot}`;
}
