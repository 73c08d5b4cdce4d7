// A thread of the bench: works off one seed of a trace at a time.
import { parentPort } from 'node:worker_threads';
import { aloneEnds } from './deadlines.ts';
import { type Deadline, followDeadlines, runDeadline, runExtras } from './extras.ts';
import { lookBack } from './frontier.ts';
import { type Ledger, ledgerOf } from './ledger.ts';
import type { Outcome } from './outcome.ts';
import { hasDeadlines } from './own-deadlines.ts';
import { type RuleMaker, runRule } from './rule.ts';
import { RULES } from './rules/index.ts';
import { runTablao } from './tablao.ts';
import type { RulesDone, Task } from './tasks.ts';

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
  if (task.kind === 'alone') return aloneEnds(task.trace, task.seed);
  if (task.kind === 'extras') return runExtras(task.trace, task.seed);
  if (task.kind === 'deadline') return runDeadline(task.trace, task.seed, task.bySeconds);
  const { trace, seed } = task;
  const byRule: Record<string, Outcome> = {};
  let ledger: Ledger | null = null;
  let deadline: Deadline | null = null;
  for (const name of task.rules)
    if (name === 'tablao') {
      const { watch, judge } = followDeadlines(trace);
      const ours = await runTablao(trace, seed, hasDeadlines(trace) ? { watch } : {});
      byRule[name] = ours.outcome;
      ledger = ledgerOf(ours);
      deadline = judge(ours);
    } else byRule[name] = await runRule(trace, seed, ruleOf(name));
  return { byRule, ledger, deadline } satisfies RulesDone;
}

function ruleOf(name: string): RuleMaker {
  const rule = RULES[name];
  if (rule === undefined) throw new Error(`there is no rule "${name}"`);
  return rule;
}
