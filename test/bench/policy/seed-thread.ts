// A thread of the bench: works off one seed of a trace at a time.
import { parentPort } from 'node:worker_threads';
import { runDeadline, runExtras } from './extras.ts';
import { lookBack } from './frontier.ts';
import type { Outcome } from './outcome.ts';
import { runRule } from './rule.ts';
import { RULES } from './rules/index.ts';
import { runTablao } from './tablao.ts';
import type { Task } from './tasks.ts';

parentPort?.on('message', (task: Task) => {
  workOff(task).then(
    (done) => parentPort?.postMessage({ done }),
    (error: unknown) => {
      const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
      parentPort?.postMessage({ error: `seed ${task.seed}: ${said}` });
    },
  );
});

async function workOff(task: Task): Promise<unknown> {
  if (task.kind === 'hindsight') return lookBack(task.trace, task.seed, task.periods);
  if (task.kind === 'extras') return runExtras(task.trace, task.seed);
  if (task.kind === 'deadline') return runDeadline(task.trace, task.seed, task.bySeconds);
  const byRule: Record<string, Outcome> = {};
  for (const name of task.rules) byRule[name] = await outcomeOf(task, name);
  return { byRule };
}

async function outcomeOf({ trace, seed }: Task, name: string): Promise<Outcome> {
  if (name === 'tablao') return (await runTablao(trace, seed)).outcome;
  const rule = RULES[name];
  if (rule === undefined) throw new Error(`there is no rule "${name}"`);
  return runRule(trace, seed, rule);
}
