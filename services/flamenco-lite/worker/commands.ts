import { renderBlender } from './blender.ts';
import type { CommandContext, WorkerCommand } from './command.ts';
import { framesToVideo } from './ffmpeg.ts';
import { copyFile, makeDirectory, moveDirectory } from './files.ts';
import { echo, exec, sleep } from './misc.ts';

const registry: Readonly<Record<string, (context: CommandContext, command: WorkerCommand) => Promise<void>>> =
  {
    echo,
    sleep,
    exec,
    'blender-render': renderBlender,
    'frames-to-video': framesToVideo,
    'make-directory': makeDirectory,
    'move-directory': moveDirectory,
    'copy-file': copyFile,
  };

/** Runs one command of a task. Throws what failed, in words for the task's log. */
export async function runCommand(context: CommandContext, command: WorkerCommand): Promise<void> {
  const run = Object.hasOwn(registry, command.name) ? registry[command.name] : undefined;
  if (run === undefined) throw new Error(`unknown command: "${command.name}"`);
  await run(context, command);
}
