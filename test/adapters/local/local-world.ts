import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createLocalFarm } from '../../../services/control/adapters/local/farm.ts';
import { namesIn } from '../../../services/control/adapters/local/farm-files.ts';
import type { FlamencoPrograms } from '../../../services/control/adapters/local/flamenco-programs.ts';
import { markedProcesses, signal } from '../../../services/control/adapters/local/process-table.ts';
import { plainEnvironment } from '../../../services/control/adapters/local/worker-env.ts';
import { createLocalWorkers } from '../../../services/control/adapters/local/workers.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const servicesDir = join(import.meta.dirname, '..', '..', '..', 'services');
const standIn = join(import.meta.dirname, 'stand-in.ts');

const standIns: FlamencoPrograms = {
  manager: { kind: 'lite', command: process.execPath, args: [standIn, 'manager'] },
  worker: { kind: 'lite', command: process.execPath, args: [standIn, 'worker'] },
};

/** A bucket in a temporary folder with a farm that is really started; whatever still lives at the end is killed. */
export async function localWorld(
  t: { after(fn: () => unknown): void },
  {
    programs = standIns,
    behaviour = '',
    deadmanMs = 3_600_000,
  }: { programs?: FlamencoPrograms; behaviour?: string; deadmanMs?: number } = {},
) {
  // Hooks run in the order of their making: the processes must end before the folder goes that knows them.
  t.after(() => killAll(stateDir));
  const dir = temporaryFolder(t);
  const stateDir = join(dir, '.tablao');
  let aheadMs = 0;
  const clock = { now: () => Date.now() + aheadMs };
  const plain = await plainEnvironment({ env: process.env, platform: process.platform });
  const env = { ...plain, FLAMENCO_LITE_STAND_IN: behaviour };
  const blenders = [{ path: '/opt/blender/blender', version: '4.5.3', hasDenoiser: true, devices: ['CPU'] }];
  const common = { stateDir, deadmanMs, env, clock, blenders, programs, program: programs.worker };
  return {
    dir,
    stateDir,
    /** As a restarted service would have it. */
    newFarm: () =>
      createLocalFarm({
        ...common,
        rendersDir: join(dir, 'renders'),
        kitDir: join(servicesDir, 'blender-kit'),
      }),
    newWorkers: () => createLocalWorkers(common),
    step: () => pause(25),
    advance: (ms: number) => {
      aheadMs += ms;
    },
  };
}

/** The living processes of one order. */
export function processesOf(stateDir: string, kind: 'managers' | 'workers', name: string) {
  return markedProcesses(join(stateDir, 'farm', kind, name));
}

/** Without a word, as the kernel does; until none is left, since a launcher may be starting its child just now. */
export async function killProcesses(stateDir: string, kind: 'managers' | 'workers', name: string) {
  for (;;) {
    const pids = await processesOf(stateDir, kind, name);
    if (pids.length === 0) return;
    for (const pid of pids) signal(pid, 'SIGKILL');
    await pause(10);
  }
}

async function killAll(stateDir: string): Promise<void> {
  for (const kind of ['managers', 'workers'] as const)
    for (const name of await namesIn(join(stateDir, 'farm', kind))) await killProcesses(stateDir, kind, name);
}
