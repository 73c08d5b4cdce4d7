import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isFinal, type RunRecord } from '../../services/control/core/run.ts';

const MAIN = resolve(import.meta.dirname, '../../services/control/main.ts');
const LOOK_EVERY_MS = 500;
/** `waiting` for these codes is on the way to something else. */
const PASSING = new Set(['settling']);

/** Two workers: what this machine's two cores carry. Every shot is admitted at once and judged within seconds. */
const HURRY = { SETTLE_SECONDS: '1', MAX_AT_ONCE: '10000', FLAMENCO_LITE_SPEED: '10', LOG_LEVEL: 'warn' };

export interface Uploaded {
  /** The folder that stands for the buckets, with the projects in `scenes/`. */
  readonly bucket: string;
  /** Names of the shots: `texture-missing/shot`. */
  readonly shots: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface Rendered {
  /** The run of each shot as it came to rest; a shot without a run has none. */
  readonly runs: ReadonlyMap<string, RunRecord>;
  /** Whether a farm was there at any time. */
  readonly hadFarm: boolean;
  readonly log: string;
}

/**
 * One service as `npm start` runs it, until every shot has come to rest: ended, held, or waiting for something that only
 * a person brings. What has not come to rest in time is as it is.
 */
export async function renderAll(uploaded: Uploaded): Promise<Rendered> {
  const { bucket, shots } = uploaded;
  const args = [MAIN, '--bucket', bucket, '--port', '0', '--idle-seconds', '1', '--max-workers', '2'];
  const env = { ...process.env, ...HURRY, ...uploaded.env };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((done) => child.on('close', () => done()));
  let log = '';
  child.stdout.on('data', (data) => (log += data));
  child.stderr.on('data', (data) => (log += data));
  let hadFarm = false;
  const endsAt = Date.now() + uploaded.timeoutMs;
  for (let rests = 0; rests < 2 && Date.now() < endsAt && isAlive(child); ) {
    await delay(LOOK_EVERY_MS);
    hadFarm ||= existsSync(join(bucket, '.tablao/farm/farm.json'));
    const runs = readRuns(bucket);
    rests = shots.every((shot) => isAtRest(runs.get(shot))) ? rests + 1 : 0;
  }
  const runs = readRuns(bucket);
  child.kill('SIGINT');
  await ended;
  return { runs, hadFarm, log };
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function isAtRest(run: RunRecord | undefined): boolean {
  if (run === undefined) return false;
  if (isFinal(run.state) || run.state === 'held') return true;
  return run.state === 'waiting' && run.reason !== null && !PASSING.has(run.reason.code);
}

function readRuns(bucket: string): ReadonlyMap<string, RunRecord> {
  const folder = join(bucket, '.tablao/runs');
  if (!existsSync(folder)) return new Map();
  const runs = readdirSync(folder).flatMap((name): readonly RunRecord[] => {
    try {
      return [JSON.parse(readFileSync(join(folder, name), 'utf8'))];
    } catch {
      return []; // Just being written.
    }
  });
  return new Map(runs.map((run) => [run.shot, run]));
}
