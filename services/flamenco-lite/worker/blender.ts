import { shellSplit } from '../shell-split.ts';
import {
  type CommandContext,
  invalid,
  optionalText,
  requiredText,
  textList,
  type WorkerCommand,
} from './command.ts';
import { runProcess } from './process.ts';

/**
 * Blender's lines begin the line up to 4.5, and follow "… render | " from 5.0 on. A line with a space before it, as
 * Blender 3.4 writes "Time:", counts no step in Flamenco either.
 */
const savedPattern = /(?:^|render\s+\|\s+)Saved: '(.*)'/;
const renderedPattern = /(?:^|render\s+\|\s+)Time: [0-9:.]+/;
const skippedPattern = /(?:^|render\s+\|\s+)[sS]kipping existing frame/;

/** Runs Blender: `exe exeArgs argsBefore blendfile args`. An `exe` without a folder is looked for on the PATH. */
export async function renderBlender(context: CommandContext, command: WorkerCommand): Promise<void> {
  const { blendfile } = command.parameters;
  if (typeof blendfile !== 'string') throw invalid(command, 'blendfile', 'cannot convert to string');
  await runProcess({
    exe: requiredText(command, 'exe'),
    args: [
      ...exeArgs(command),
      ...textList(command, 'argsBefore'),
      // Without a file, a script among the arguments makes the scene.
      ...(blendfile === '' ? [] : [blendfile]),
      ...textList(command, 'args'),
    ],
    log: context.newLogChunker(),
    onLine: (line) => followLine(context, line),
    signal: context.signal,
  });
}

/** `exeArgs` is one text, split as a shell would. */
export function exeArgs(command: WorkerCommand): string[] {
  try {
    return shellSplit(optionalText(command, 'exeArgs'));
  } catch (error) {
    throw invalid(command, 'exeArgs', error instanceof Error ? error.message : String(error));
  }
}

async function followLine({ step, outputProduced }: CommandContext, line: string): Promise<void> {
  const saved = savedPattern.exec(line)?.[1];
  if (saved !== undefined) outputProduced(saved);
  if (renderedPattern.test(line) || skippedPattern.test(line)) await step();
}
