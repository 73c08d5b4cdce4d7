import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { createJobCompiler } from './compiler/compile.ts';
import { openConfig } from './config/config.ts';
import { createFarm, type Farm } from './core/farm.ts';
import type { EpochMs } from './core/model.ts';
import { createTimeoutChecker, type TimeoutChecker } from './core/timeouts.ts';
import { createManagerApp } from './http/app.ts';
import { localRfc3339 } from './local-time.ts';
import { openJobFiles } from './storage/job-files.ts';
import { createLastRendered } from './storage/last-rendered.ts';
import { managerTiming } from './timing.ts';

export interface ManagerOptions {
  /** Where `flamenco-manager.yaml` is looked for; relative paths in it start here. */
  readonly folder: string;
  /** Job scripts that come before the built-in ones; `scripts/` in the folder when absent. */
  readonly scriptsFolder?: string | undefined;
  /** Instead of the configured address, in the same form: `127.0.0.1:0` takes a free port. */
  readonly listen?: string | undefined;
  /** Divides the manager's waits and time-outs; 1 when absent. */
  readonly speed?: number | undefined;
  /** A clock of the caller's; time-outs are then checked by `tick` only. */
  readonly now?: (() => EpochMs) | undefined;
  /** A farm that goes on; a new, empty one when absent. */
  readonly farm?: Farm | undefined;
  /** What job scripts print. */
  readonly say?: ((line: string) => void) | undefined;
}

export interface RunningManager {
  readonly url: string;
  readonly farm: Farm;
  /** Checks for time-outs if a check is due; returns whether it did. */
  readonly tick: () => boolean;
  readonly close: () => Promise<void>;
}

/** Starts a manager in this process. Throws when the configuration cannot be used or the port is taken. */
export async function startManager(options: ManagerOptions): Promise<RunningManager> {
  const config = openConfig(options.folder);
  const now = options.now ?? Date.now;
  const files = openJobFiles(config.current().localStoragePath);
  const farm =
    options.farm ??
    createFarm({
      now,
      newId: randomUUID,
      limits: config.current,
      logTask: (task, line) => files.appendLog(task.jobId, task.id, `${localRfc3339(now())} ${line}`),
    });
  const compiler = createJobCompiler({
    folders: [options.scriptsFolder ?? resolve(options.folder, 'scripts')],
    now,
    say: options.say ?? (() => {}),
  });
  const app = createManagerApp({ farm, compiler, config, files, lastRendered: createLastRendered(files) });
  const url = await listen(app, options.listen ?? config.current().listen);
  const checker = createTimeoutChecker(farm, timeoutLimits(config.current(), options.speed ?? 1));
  const stopChecking = options.now === undefined ? checkByTimer(checker) : () => {};
  return {
    url,
    farm,
    tick: checker.tick,
    close: async () => {
      stopChecking();
      await app.close();
    },
  };
}

function timeoutLimits(
  config: { readonly taskTimeoutMs: number; readonly workerTimeoutMs: number },
  speed: number,
) {
  return {
    taskTimeoutMs: config.taskTimeoutMs / speed,
    workerTimeoutMs: config.workerTimeoutMs / speed,
    graceMs: managerTiming.timeoutGrace / speed,
    periodMs: managerTiming.timeoutCheckPeriod / speed,
  };
}

async function listen(app: FastifyInstance, address: string): Promise<string> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, Math.max(colon, 0)).replace(/^\[|\]$/g, '');
  await app.listen({ host: host === '' ? '0.0.0.0' : host, port: Number(address.slice(colon + 1)) });
  const { port } = app.server.address() as AddressInfo;
  const name = host === '' || host === '0.0.0.0' ? '127.0.0.1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** Ticks when the next check is due. Keeps no process alive. */
function checkByTimer(checker: TimeoutChecker): () => void {
  let timer: NodeJS.Timeout | undefined;
  const arm = () => {
    const nextAt = checker.nextAt();
    if (nextAt === null) return;
    timer = setTimeout(
      () => {
        checker.tick();
        arm();
      },
      Math.max(0, nextAt - Date.now()),
    ).unref();
  };
  arm();
  return () => clearTimeout(timer);
}
