import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workerShutdown, workerTiming } from '../timing.ts';
import type { Client } from './client.ts';

const filename = 'flamenco-lite-updates.jsonl';

interface TaskUpdate {
  readonly taskStatus?: string;
  readonly activity?: string;
  readonly log?: string;
  readonly steps_completed?: number;
}

interface Queued {
  readonly taskId: string;
  readonly update: TaskUpdate;
}

/** The manager answered that the task is no longer this worker's. */
class TaskReassigned extends Error {
  override readonly name = 'TaskReassigned';
}

/** Sends task updates in order; keeps them in a file while the manager cannot be reached. */
export interface Upstream {
  /** Throws `TaskReassigned` on 409 and an `Error` for any other refusal; not when there was no answer. */
  readonly send: (taskId: string, update: TaskUpdate) => Promise<void>;
  /** Sends what waits; stops at the first one without an answer. */
  readonly flush: () => Promise<void>;
  /** Stops the periodic flush and makes a last one, of at most 5 s. */
  readonly close: () => Promise<void>;
}

export interface UpstreamOptions {
  readonly client: Client;
  /** The folder of the file. */
  readonly home: string;
  readonly speed: number;
  /** Ends a request that is under way, so that the worker's end need not wait for it; its update is queued. */
  readonly signal: AbortSignal;
}

export function createUpstream({ client, home, speed, signal }: UpstreamOptions): Upstream {
  const path = join(home, filename);
  const queue: Queued[] = readQueue(path);
  let last: Promise<unknown> = Promise.resolve();

  // One at a time: updates must arrive in the order in which they were made.
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = last.then(work, work);
    last = result.catch(() => {});
    return result;
  };
  const flush = (until: AbortSignal) =>
    inTurn(async () => {
      while (queue[0] !== undefined) {
        if (!(await deliver(client, queue[0], until))) return;
        queue.shift();
        saveQueue(path, queue);
      }
    });
  const timer = setInterval(() => void flush(signal), workerTiming.upstreamFlush / speed).unref();
  return {
    send: (taskId, update) =>
      inTurn(async () => {
        if (queue.length === 0) {
          const status = await statusOf(client, { taskId, update }, signal);
          if (status !== null) return check(status);
        }
        queue.push({ taskId, update });
        mkdirSync(home, { recursive: true });
        appendFileSync(path, `${JSON.stringify({ taskId, update })}\n`);
      }),
    flush: () => flush(signal),
    close: async () => {
      clearInterval(timer);
      await flush(AbortSignal.timeout(workerShutdown.finalFlush));
    },
  };
}

function check(status: number): void {
  if (status === 204) return;
  if (status === 409) throw new TaskReassigned('the task was assigned to another worker');
  throw new Error(`unknown error from Manager, code ${status}`);
}

/** Whatever the manager answers to a late update: there is nothing left to do with it. */
async function deliver(client: Client, queued: Queued, signal: AbortSignal): Promise<boolean> {
  return (await statusOf(client, queued, signal)) !== null;
}

async function statusOf(
  client: Client,
  { taskId, update }: Queued,
  signal?: AbortSignal,
): Promise<number | null> {
  try {
    return (await client.post(`task/${taskId}`, update, signal)).status;
  } catch {
    return null;
  }
}

function readQueue(path: string): Queued[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').flatMap(parseLine);
}

/** A line that was cut off by the end of the process is lost. */
function parseLine(line: string): readonly Queued[] {
  try {
    const queued = JSON.parse(line) as Queued;
    return [queued];
  } catch {
    return [];
  }
}

function saveQueue(path: string, queue: readonly Queued[]): void {
  if (queue.length === 0) rmSync(path, { force: true });
  else writeFileSync(path, queue.map((queued) => `${JSON.stringify(queued)}\n`).join(''));
}
