import { constants, existsSync } from 'node:fs';
import { copyFile as copy, mkdir, rename, stat } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { localTimestamp } from '../local-time.ts';
import { type CommandContext, invalid, requiredText, type WorkerCommand } from './command.ts';

export async function makeDirectory({ log }: CommandContext, command: WorkerCommand): Promise<void> {
  const path = requiredText(command, 'path');
  await log(`${command.name}: creating directory "${path}"`);
  await mkdir(path, { recursive: true, mode: 0o775 });
}

/** Moves a directory; one that is in the way gets its time of change added to its name. */
export async function moveDirectory(context: CommandContext, command: WorkerCommand): Promise<void> {
  const src = requiredText(command, 'src');
  const dest = requiredText(command, 'dest');
  if (!existsSync(src)) throw invalid(command, 'src', 'path does not exist');
  if (existsSync(dest)) await move(context, command, dest, await backupName(dest));
  await move(context, command, src, dest);
}

/** Copies a file; never over another one. */
export async function copyFile({ log }: CommandContext, command: WorkerCommand): Promise<void> {
  const src = absolute(command, 'src');
  const dest = absolute(command, 'dest');
  if (!existsSync(src)) throw invalid(command, 'src', 'path does not exist');
  if (existsSync(dest)) throw invalid(command, 'dest', 'path already exists');
  await log(`${command.name}: copying "${src}" to "${dest}"`);
  if (!(await stat(src)).isFile()) throw invalid(command, 'src', 'not a regular file');
  await mkdir(dirname(dest), { recursive: true, mode: 0o750 });
  await copy(src, dest, constants.COPYFILE_EXCL);
  await log(`${command.name}: copied "${src}" to "${dest}"`);
}

async function move(
  { log }: CommandContext,
  command: WorkerCommand,
  from: string,
  to: string,
): Promise<void> {
  await log(`${command.name}: moving "${from}" to "${to}"`);
  await rename(from, to);
}

async function backupName(path: string): Promise<string> {
  const name = `${path}-${localTimestamp((await stat(path)).mtime)}`;
  let free = name;
  for (let number = 1; existsSync(free); number++) free = `${name}-${String(number).padStart(3, '0')}`;
  return free;
}

function absolute(command: WorkerCommand, key: string): string {
  const path = requiredText(command, key);
  if (!isAbsolute(path)) throw invalid(command, key, 'path is not absolute');
  return path;
}
