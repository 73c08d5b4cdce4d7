import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Trace } from '../../sim/trace.ts';
import type { Deadline, Extras } from './extras.ts';
import type { Found } from './frontier.ts';
import type { BusyPeriod } from './hindsight.ts';
import type { Ledger } from './ledger.ts';
import type { Outcome } from './outcome.ts';

/** One seed's part of the work, for a thread. */
export type Task =
  | {
      readonly kind: 'rules';
      readonly trace: Trace;
      readonly seed: number;
      readonly rules: readonly string[];
    }
  | {
      readonly kind: 'hindsight';
      readonly trace: Trace;
      readonly seed: number;
      readonly periods: readonly BusyPeriod[];
    }
  | { readonly kind: 'extras'; readonly trace: Trace; readonly seed: number }
  | { readonly kind: 'alone'; readonly trace: Trace; readonly seed: number }
  | {
      readonly kind: 'deadline';
      readonly trace: Trace;
      readonly seed: number;
      /** For each job, from its coming. */
      readonly bySeconds: readonly number[];
    };

export interface RulesDone {
  readonly byRule: Readonly<Record<string, Outcome>>;
  /** Of ours; `null` = it did not run. */
  readonly ledger: Ledger | null;
  /** What came of the jobs' own deadlines with ours; `null` = it did not run. */
  readonly deadline: Deadline | null;
}

export type HindsightDone = readonly (readonly Found[])[];

/** Threads for as long as the bench runs; each takes the next task when it is done with one. */
export function createThreads() {
  const threads = Array.from({ length: Math.max(1, availableParallelism()) }, () => {
    return new Worker(new URL('./seed-thread.ts', import.meta.url));
  });

  async function work<Done>(tasks: readonly Task[]): Promise<readonly Done[]> {
    const results: Done[] = [];
    const left = tasks.entries();
    await Promise.all(
      threads.map(async (thread) => {
        for (const [index, task] of left) results[index] = await ask<Done>(thread, task);
      }),
    );
    return results;
  }

  return {
    rules: (tasks: readonly Task[]) => work<RulesDone>(tasks),
    hindsight: (tasks: readonly Task[]) => work<HindsightDone>(tasks),
    alone: (tasks: readonly Task[]) => work<readonly number[]>(tasks),
    extras: (tasks: readonly Task[]) => work<Extras>(tasks),
    deadline: (tasks: readonly Task[]) => work<Deadline>(tasks),
    end: () => Promise.all(threads.map((thread) => thread.terminate())),
  };
}

export type Threads = ReturnType<typeof createThreads>;

function ask<Done>(thread: Worker, task: Task): Promise<Done> {
  return new Promise((resolve, reject) => {
    thread.once('message', (answer: { readonly done?: Done; readonly error?: string }) => {
      thread.removeListener('error', reject);
      if (answer.error === undefined) resolve(answer.done as Done);
      else reject(new Error(answer.error));
    });
    thread.once('error', reject);
    thread.postMessage(task);
  });
}
