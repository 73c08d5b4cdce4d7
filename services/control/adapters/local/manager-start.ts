import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import type { EpochMs } from '../../core/time.ts';
import type { BlenderFound } from './blenders.ts';
import { farmFiles, readPort } from './farm-files.ts';
import type { Program } from './flamenco-programs.ts';
import { managerConfig } from './manager-config.ts';
import { startProcess } from './processes.ts';
import { writeJson, writeWhole } from './whole-files.ts';

interface Options {
  readonly stateDir: string;
  readonly farmId: string;
  readonly rendersDir: string;
  readonly kitDir: string;
  readonly program: Program;
  readonly env: Readonly<Record<string, string>>;
  readonly blenders: readonly BlenderFound[];
  readonly now: EpochMs;
}

/** Makes the manager's folder complete (again: a crash may have left half of it) and starts its process. */
export async function startManager(options: Options): Promise<void> {
  const { stateDir, farmId, rendersDir, kitDir, blenders } = options;
  const managerDir = farmFiles(stateDir).manager;
  await Promise.all([
    mkdir(join(managerDir, 'scripts'), { recursive: true }),
    mkdir(rendersDir, { recursive: true }),
  ]);
  const jobType = 'tablao_render.js';
  await copyFile(join(kitDir, jobType), join(managerDir, 'scripts', jobType));
  const port = await choosePort(stateDir);
  const runner = await writeRunner(kitDir, managerDir);
  const config = managerConfig({ farmId, port, managerDir, rendersDir, kitDir, runner, blenders });
  await writeJson(join(managerDir, 'flamenco-manager.yaml'), config);
  await startManagerProcess(options, managerDir);
}

async function startManagerProcess(options: Options, cwd: string): Promise<void> {
  const { stateDir, program, env, now } = options;
  const command = program.kind === 'lite' ? program.command : await copyBeside(program.command, cwd);
  const name = `${String(now).padStart(15, '0')}-${randomUUID().slice(0, 8)}`;
  const order = {
    command,
    args: [...program.args],
    cwd,
    env: { ...env },
    label: program.kind,
    orderedAt: now,
    deadman: farmFiles(stateDir).deadman,
  };
  await startProcess(join(farmFiles(stateDir).managers, name), order);
}

/** Flamenco looks for job types beside its executable, links resolved: so it is copied to where ours is. */
async function copyBeside(executable: string, managerDir: string): Promise<string> {
  const copy = join(managerDir, basename(executable));
  await copyFile(executable, copy);
  await chmod(copy, 0o755);
  return copy;
}

/** The port of before, as workers know the manager by it; another only where somebody has taken it. */
async function choosePort(stateDir: string): Promise<number> {
  const before = await readPort(stateDir);
  const port = (before === null ? null : await freePort(before)) ?? (await freePort(0));
  if (port === null) throw new Error('no port is free on 127.0.0.1');
  if (port !== before) await writeJson(farmFiles(stateDir).address, { port });
  return port;
}

/** `null` = taken. */
function freePort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null));
    });
  });
}

/** Windows has no sh: a batch file does what matters of run.sh, which is to hide Blender's exit code. */
async function writeRunner(kitDir: string, managerDir: string): Promise<string> {
  if (process.platform !== 'win32') return join(kitDir, 'run.sh');
  const path = join(managerDir, 'tablao-run.cmd');
  await writeWhole(path, '@echo off\r\n%*\r\nif %errorlevel%==9009 exit /b 127\r\nexit /b 0\r\n');
  return path;
}
