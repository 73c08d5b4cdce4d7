import { workerTiming } from '../timing.ts';
import type { CommandContext, WorkerCommand } from './command.ts';
import { runCommand } from './commands.ts';
import { createLogChunker } from './log-chunker.ts';
import type { Uploader } from './uploader.ts';
import type { Upstream } from './upstream.ts';

export interface AssignedTask {
  readonly id: string;
  readonly name: string;
  readonly commands: readonly WorkerCommand[];
}

export interface TaskRunner {
  readonly upstream: Upstream;
  readonly uploader: Uploader;
  readonly speed: number;
}

/**
 * Runs a task's commands and reports how it goes. An abort reports nothing: the manager gives the task back by itself.
 * Throws when the manager refused an update, for instance because the task is another worker's by now.
 */
export async function runTask(runner: TaskRunner, task: AssignedTask, signal: AbortSignal): Promise<void> {
  const context = commandContext(runner, task, signal);
  await runner.upstream.send(task.id, { activity: 'Started', taskStatus: 'active' });
  for (const command of task.commands) {
    if (signal.aborted) return;
    const failure = await failureOf(context, command);
    if (signal.aborted) return;
    if (failure !== null) {
      const text = `Failed: ${failure}`;
      await runner.upstream.send(task.id, { activity: text, log: text, taskStatus: 'failed' });
      return;
    }
    // A command that counts steps itself has reported them.
    if (command.totalStepCount === 0) await context.step().catch(() => {});
  }
  await runner.upstream.send(task.id, { activity: 'Completed', taskStatus: 'completed' });
}

async function failureOf(context: CommandContext, command: WorkerCommand): Promise<string | null> {
  try {
    await runCommand(context, command);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function commandContext(runner: TaskRunner, task: AssignedTask, signal: AbortSignal): CommandContext {
  const { upstream, uploader, speed } = runner;
  const log = (text: string) => upstream.send(task.id, { log: text });
  let steps = 0;
  return {
    signal,
    log,
    newLogChunker: () =>
      createLogChunker({ flushAfterMs: workerTiming.logFlush / speed, now: Date.now, send: log }),
    step: () => {
      steps++;
      return upstream.send(task.id, { activity: 'Progress', steps_completed: steps });
    },
    outputProduced: (path) => uploader.add(task.id, path),
  };
}
