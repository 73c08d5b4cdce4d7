import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { exeArgs } from './blender.ts';
import { type CommandContext, invalid, requiredText, textList, type WorkerCommand } from './command.ts';
import { runProcess } from './process.ts';

/** Makes a video of the files that `inputGlob` matches. */
export async function framesToVideo(context: CommandContext, command: WorkerCommand): Promise<void> {
  const { fps } = command.parameters;
  if (typeof fps !== 'number' || fps === 0) {
    throw new Error(
      `frames-to-video: mandatory parameter "fps" is missing: ${JSON.stringify(command.parameters)}`,
    );
  }
  const rate = String(fps);
  // The input wants its frame rate too: else ffmpeg takes 25 and drops frames.
  const input = [
    '-r',
    rate,
    '-pattern_type',
    'glob',
    '-i',
    requiredText(command, 'inputGlob').replaceAll('\\', '/'),
  ];
  const output = requiredText(command, 'outputFile');
  const args = textList(command, 'args');
  await runProcess({
    exe: findFfmpeg(command),
    args: [...exeArgs(command), ...textList(command, 'argsBefore'), ...input, ...args, '-r', rate, output],
    log: context.newLogChunker(),
    signal: context.signal,
  });
}

/** The bare name is looked for in `tools/` of the working directory, then on the PATH. */
function findFfmpeg(command: WorkerCommand): string {
  const exe = requiredText(command, 'exe');
  if (exe !== 'ffmpeg') return exe;
  const folders = [join(process.cwd(), 'tools'), ...(process.env.PATH ?? '').split(delimiter)];
  const found = folders.map((folder) => join(folder, exe)).find((path) => existsSync(path));
  if (found === undefined) throw invalid(command, 'exe', 'file does not exist');
  return found;
}
