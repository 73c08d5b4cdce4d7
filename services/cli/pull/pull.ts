import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { plainText } from '../../control/core/plain-text.ts';
import { forEachAtOnce } from '../service/at-once.ts';
import { createPatience } from '../service/patience.ts';
import { createServiceClient, type ServiceClient, ServiceError } from '../service/service-client.ts';
import { sizeText } from '../terminal-text.ts';
import { fetchFile, isHere, type RemoteFile } from './fetch-file.ts';
import { filesOfFrame } from './frame-files.ts';
import { PULL_USAGE, type PullOptions, parsePull } from './options.ts';
import { createRunsOfShot } from './runs-of-shot.ts';
import { type ShotVersion, versionOf } from './shot-version.ts';

const MISUSED = 2;
const STREAMS = 4;
const LOOK_AT_ONCE = 50;
const WATCH_EVERY_MS = 5000;
const PREVIEW = 'preview.mp4';

/** `tablao pull`: fetches the proved frames of a shot. Resolves to the exit code. */
export async function pull(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const options = parsePull(args, env);
  if (options === 'help') {
    process.stdout.write(PULL_USAGE);
    return 0;
  }
  if (typeof options === 'string') {
    process.stderr.write(`pull: ${options}\nSee npm run pull -- --help\n`);
    return MISUSED;
  }
  try {
    return await fetchAll(options);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    process.stderr.write(
      `pull: ${plainText(error.message)}\nWhat came is kept: the same command goes on from there.\n`,
    );
    return 1;
  }
}

async function fetchAll(options: PullOptions): Promise<number> {
  const client = createServiceClient(options);
  const runsOfShot = createRunsOfShot({ client, shot: options.shot, now: Date.now });
  const fetched = new Set<string>();
  const patience = createPatience();
  for (let hasAnswered = false; ; ) {
    try {
      const found = versionOf(await runsOfShot(), options.version);
      hasAnswered = true;
      const end = await fetchNow(client, found, options, fetched);
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

/** What is there by now. The exit code when nothing more is to come or waited for, else `null`. */
async function fetchNow(
  client: ServiceClient,
  found: ShotVersion | null,
  options: PullOptions,
  fetched: Set<string>,
): Promise<number | null> {
  if (found === null) {
    if (options.watch) return null;
    throw new ServiceError(noSuchShot(options), 404);
  }
  const target = resolve(options.to ?? found.folder);
  await fetchNew(client, found, target, fetched);
  const here = [...found.proved].filter(isIn(fetched)).length;
  return found.isEnded || !options.watch ? sayEnd(found, target, here) : null;
}

/** A frame counts once for each run that proved it. */
function keyOf(frame: number, run: { readonly id: string }): string {
  return `${run.id} ${frame}`;
}

function isIn(fetched: ReadonlySet<string>) {
  return ([frame, run]: [number, { readonly id: string }]) => fetched.has(keyOf(frame, run));
}

/** Fetches the frames that are proved and not here yet; the preview when all has ended. */
async function fetchNew(
  client: ServiceClient,
  version: ShotVersion,
  target: string,
  fetched: Set<string>,
): Promise<void> {
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
  sayBefore(todo, target, dollarsPerGiB);
  const show = createCounter(todo);
  await forEachAtOnce(todo, STREAMS, async (file) => {
    await fetchFile(client, file, placeOf(version, target, file), show.bytes);
    show.file();
  });
  show.done();
  for (const name of isGone)
    process.stderr.write(`pull: ${plainText(name)} as it was proved is not in the bucket any more.\n`);
  const incomplete = new Set([...isGone].map((name) => names.get(name)));
  for (const [frame, run] of frames) if (!incomplete.has(keyOf(frame, run))) fetched.add(keyOf(frame, run));
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

function sayEnd({ wanted, isEnded, version }: ShotVersion, target: string, here: number): number {
  const isAll = here === wanted;
  const more = isAll || isEnded ? '' : ' The rest is not rendered yet: --watch stays until it is.';
  process.stdout.write(
    `${here} of ${wanted} frames of v${String(version).padStart(3, '0')} are in ${plainText(target)}.${more}\n`,
  );
  return isAll ? 0 : 1;
}

function noSuchShot({ shot, version }: PullOptions): string {
  const what = version === null ? shot : `v${String(version).padStart(3, '0')} of ${shot}`;
  return `There is no ${what} to fetch. The page and GET /status list the shots.`;
}
