import { setTimeout as delay } from 'node:timers/promises';
import { type CommandContext, invalid, requiredText, textList, type WorkerCommand } from './command.ts';
import { runProcess } from './process.ts';

export async function echo({ log }: CommandContext, command: WorkerCommand): Promise<void> {
  const { message } = command.parameters;
  if (message === undefined) throw new Error('echo: mandatory parameter "message" is missing');
  await log(`echo: ${JSON.stringify(String(message))}`);
}

/** Sleeps whole seconds; a task's work, so it is never made faster by FLAMENCO_LITE_SPEED. */
export async function sleep({ log, signal }: CommandContext, command: WorkerCommand): Promise<void> {
  const seconds = command.parameters.duration_in_seconds;
  if (seconds === undefined) throw new Error('sleep: mandatory parameter "duration_in_seconds" is missing');
  if (typeof seconds !== 'number') throw invalid(command, 'duration_in_seconds', 'expecting int or float');
  if (seconds < 0) throw invalid(command, 'duration_in_seconds', 'cannot be negative');
  await delay(Math.trunc(seconds) * 1_000, undefined, { signal });
  await log(`slept ${Math.trunc(seconds)}s`);
}

export async function exec(context: CommandContext, command: WorkerCommand): Promise<void> {
  await runProcess({
    exe: requiredText(command, 'exe'),
    args: textList(command, 'args'),
    log: context.newLogChunker(),
    signal: context.signal,
  });
}
