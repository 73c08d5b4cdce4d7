import { access, constants, cp, mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import { BringError, bringScene } from '../cli/bring-scene.ts';
import { outliveReader } from '../cli/outlive-reader.ts';
import { createProgress } from '../cli/progress.ts';
import { readFacts } from '../cli/read-facts.ts';
import { Unusable } from './adapters/local/unusable.ts';
import { composeLocal, type LocalService } from './compose.ts';
import type { LocalConfig } from './config.ts';
import { describeMissing } from './core/missing-text.ts';
import { isFinal } from './core/run.ts';
import type { RunStatus, StatusDocument } from './core/status-document.ts';
import { createLog, logFile } from './logging.ts';

const SAMPLE = resolve(import.meta.dirname, '..', 'flamenco-lite', 'sample', 'tablao.blend');
const SHOW_EVERY_MS = 500;
/** By then every file that stood in the bucket at the start has become a run, or was found to be none. */
const TAKEN_IN_AFTER_MS = 10_000;
/** Longer than the farm is given to go down (compose.ts). */
const LONGEST_END_MS = 60_000;
const HOW_IT_GOES_ON =
  'tablao: ended before the farm was down: what is left of it ends by itself after DEADMAN_MINUTES, or goes on with the next npm start.';
/** Why a run waits when only a person can let it go on. */
const FOR_A_PERSON = new Set(['budget', 'paused', 'needsBlender', 'needsScripts']);

/** Renders on this machine until it is told to end, or with `--exit-when-idle` until all is done; returns the exit code. */
export async function runLocal(config: LocalConfig): Promise<number> {
  try {
    return await run(config);
  } catch (error) {
    // Its message says what to do; where in the code it arose does not help.
    if (!(error instanceof BringError || error instanceof Unusable)) throw error;
    say(error.message);
    return 1;
  }
}

async function run(config: LocalConfig): Promise<number> {
  await makeBucket(config.bucketDir);
  const logPath = resolve(config.bucketDir, '.tablao', 'tablao.log');
  const log = createLog(config, logFile(logPath));
  const service = await composeLocal(config, log);
  if (service.blenders.length === 0) sayNoBlender();
  // First: where it cannot be, nothing is put into the bucket, which the next start would render.
  const { port } = new URL(await listen(config, service));
  await bringScenes(config, service);
  say(`tablao: the page is at http://127.0.0.1:${port}  (folder ${resolve(config.bucketDir)})`);
  service.start();
  const stopped = Promise.withResolvers<number>();
  for (const output of [process.stdout, process.stderr]) outliveReader(output);
  const sayHowItGoesOn = () => say(HOW_IT_GOES_ON);
  const endings = { onSecondSignal: sayHowItGoesOn, onTimeout: sayHowItGoesOn };
  closeWithGrace({ delay: LONGEST_END_MS, logger: false, ...endings }, async ({ err }) => {
    if (err !== undefined) {
      log.fatal({ err }, 'the service ends');
      say(`tablao: a fault of its own: ${err.message} (more in ${logPath})`);
    }
    say('tablao: taking the farm down');
    await end(service);
    stopped.resolve(err === undefined ? 0 : 1);
  });
  return Promise.race([follow(config, service), stopped.promise]);
}

async function makeBucket(dir: string): Promise<void> {
  try {
    await mkdir(resolve(dir, '.tablao'), { recursive: true });
    await access(resolve(dir, '.tablao'), constants.W_OK);
  } catch (cause) {
    throw new Unusable(
      `--bucket ${dir} cannot be used: it must be a folder that may be written (${codeOf(cause)}). Give another one.`,
      { cause },
    );
  }
}

async function listen({ host, port }: LocalConfig, { app }: LocalService): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    const why = codeOf(cause) === 'EADDRINUSE' ? 'another program listens there' : codeOf(cause);
    throw new Unusable(
      `PORT=${port} cannot be used: ${why}. Give another one, or --port 0 for any that is free.`,
      {
        cause,
      },
    );
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

async function bringScenes(config: LocalConfig, service: LocalService): Promise<void> {
  const { scenesDir } = service;
  await mkdir(scenesDir, { recursive: true });
  const brought = new Map();
  for (const file of config.scenes) {
    const { shot, copied, missing } = await bringScene({
      file,
      scenesDir,
      readFacts,
      brought,
    });
    say(`tablao: ${shot}: ${copied.length} ${copied.length === 1 ? 'file' : 'files'} copied`);
    for (const one of missing) say(`tablao: ${shot}: missing: ${describeMissing(one)}`);
  }
  if (config.scenes.length > 0 || (await readdir(scenesDir)).length > 0) return;
  await cp(SAMPLE, join(scenesDir, 'tablao.blend'));
  say('tablao: the bucket is empty: rendering the sample scene');
}

/** Shows what goes on until the end: of all runs with `--exit-when-idle`, else of the program. */
async function follow(config: LocalConfig, service: LocalService): Promise<number> {
  const progress = createProgress({
    out: process.stderr,
    isTTY: process.stderr.isTTY === true,
    now: Date.now,
  });
  const startedAt = Date.now();
  for (;;) {
    await delay(SHOW_EVERY_MS);
    const status = await service.status();
    if (status === null || Date.parse(status.asOf) < startedAt) continue;
    progress.show(status);
    const runs = runsToWaitFor(status, startedAt);
    if (config.exitWhenIdle && isAtRest(status, runs, startedAt)) return finish(runs, service, progress);
  }
}

/** Runs of this start; when everything was rendered before, the last one of each shot. */
function runsToWaitFor(status: StatusDocument, startedAt: number): readonly RunStatus[] {
  const fresh = status.runs.filter((run) => !isFinal(run.state) || Date.parse(run.since) >= startedAt);
  if (fresh.length > 0) return fresh;
  return [...new Map(status.runs.toReversed().map((run) => [run.shot, run])).values()];
}

/** The farm is gone and nothing is open, but what waits for a person, who is not there. */
function isAtRest(status: StatusDocument, runs: readonly RunStatus[], startedAt: number): boolean {
  if (status.farm.stage !== 'absent' || Date.now() - startedAt < TAKEN_IN_AFTER_MS) return false;
  return runs.every((run) => isFinal(run.state) || waitsForPerson(run));
}

function waitsForPerson({ state, reason }: RunStatus): boolean {
  return state === 'held' || (state === 'waiting' && FOR_A_PERSON.has(reason?.code ?? ''));
}

async function finish(
  runs: readonly RunStatus[],
  service: LocalService,
  progress: { done(): void },
): Promise<number> {
  progress.done();
  await end(service);
  for (const run of runs) say(`tablao: ${run.shot}: ${run.state}: ${outcomeOf(run, service)}`);
  return runs.every((run) => run.state === 'completed') ? 0 : 1;
}

function outcomeOf({ state, shot, version, reason }: RunStatus, { rendersDir }: LocalService): string {
  if (state === 'completed') return `its frames are in ${join(rendersDir, shot, version ?? '')}`;
  return `${reason?.message ?? ''} ${reason?.action ?? ''}`;
}

async function end(service: LocalService): Promise<void> {
  if (await service.stop()) return;
  say('tablao: the farm stays up: another Tablao works in this folder, and it is left to that one.');
}

function sayNoBlender(): void {
  say(
    'tablao: no Blender was found. Install it (or set BLENDER=/path/to/blender) and start again; shots wait until then.',
  );
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
