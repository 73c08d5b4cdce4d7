import { setTimeout as delay } from 'node:timers/promises';
import { workerTiming } from '../timing.ts';
import { type Client, textField } from './client.ts';
import { parseTask } from './parse-task.ts';
import { type AssignedTask, runTask, type TaskRunner } from './task.ts';

/** Why a worker ended: the manager asked for it, or a signal came. */
export type End = 'offline' | 'restart' | 'signal';

export interface StateDeps extends TaskRunner {
  readonly client: Client;
  /** Aborted by SIGTERM and SIGINT. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Goes from state to state as the manager wants, until one of them is the end. */
export async function followStates(deps: StateDeps, first: string): Promise<End> {
  let state = first;
  while (!deps.signal.aborted) {
    if (state === 'offline' || state === 'restart') return state;
    // Whatever else is asked for puts the worker to sleep.
    const next = await (state === 'awake' ? awake(deps) : asleep(deps)).catch((error: unknown) => {
      if (deps.signal.aborted) return state;
      throw error;
    });
    state = next;
  }
  return 'signal';
}

/** Asks for tasks and runs them until the manager wants another state; returns that. */
async function awake(deps: StateDeps): Promise<string> {
  await acknowledge(deps, 'awake');
  for (;;) {
    const fetched = await fetchTask(deps);
    if (fetched.kind === 'state') return fetched.state;
    await runWhileAllowed(deps, fetched.task);
    await pause(deps, workerTiming.taskComplete);
  }
}

async function asleep(deps: StateDeps): Promise<string> {
  await acknowledge(deps, 'asleep');
  for (;;) {
    await pause(deps, workerTiming.asleepCheck);
    const answer = await attempt(() => deps.client.get('state', deps.signal));
    const state = answer?.status === 200 ? textField(answer, 'status_requested') : null;
    if (state !== null) return state;
  }
}

async function acknowledge({ client, signal, say }: StateDeps, status: string): Promise<void> {
  say(`state: ${status}`);
  const answer = await attempt(() => client.post('state-changed', { status }, signal));
  if (answer?.status !== 204) say(`the manager did not take note of it (${answer?.status ?? 'no answer'})`);
}

type Fetched =
  | { readonly kind: 'task'; readonly task: AssignedTask }
  | { readonly kind: 'state'; readonly state: string };

/** Asks until there is something to do. Workers that start together drift apart by the spread of the waits. */
async function fetchTask(deps: StateDeps): Promise<Fetched> {
  let wait: number = workerTiming.firstPoll;
  for (;;) {
    await pause(deps, wait * (0.9 + Math.random() * 0.2));
    const answer = await attempt(() => deps.client.post('task', undefined, deps.signal));
    const task = answer?.status === 200 ? parseTask(answer.body) : null;
    if (task !== null) return { kind: 'task', task };
    const state = answer?.status === 423 ? textField(answer, 'status_requested') : null;
    if (state !== null) return { kind: 'state', state };
    if (answer?.status !== 204) deps.say(`no task to be had (${answer?.status ?? 'no answer'})`);
    wait = answer?.status === 204 ? workerTiming.noTask : workerTiming.fetchFailed;
  }
}

/** Runs a task and asks now and then whether it may go on. A question without an answer counts as yes. */
async function runWhileAllowed(deps: StateDeps, task: AssignedTask): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([deps.signal, stop.signal]);
  deps.say(`task ${task.name} (${task.id})`);
  const asking = setInterval(() => {
    void mayRun(deps, task.id).then((may) => {
      if (!may) stop.abort();
    });
  }, workerTiming.mayIRun / deps.speed);
  try {
    await runTask(deps, task, signal);
    deps.say(signal.aborted ? `task ${task.name} stopped` : `task ${task.name} ended`);
  } catch (error) {
    deps.say(`task ${task.name}: ${error instanceof Error ? error.message : error}`);
  } finally {
    clearInterval(asking);
  }
}

async function mayRun({ client, signal }: StateDeps, taskId: string): Promise<boolean> {
  const answer = await attempt(() => client.get(`task/${taskId}/may-i-run`, signal));
  if (answer?.status !== 200 || typeof answer.body !== 'object' || answer.body === null) return true;
  return !('mayKeepRunning' in answer.body) || answer.body.mayKeepRunning !== false;
}

async function pause({ signal, speed }: StateDeps, ms: number): Promise<void> {
  await delay(ms / speed, undefined, { signal });
}

async function attempt<Result>(work: () => Promise<Result>): Promise<Result | null> {
  return work().catch(() => null);
}
