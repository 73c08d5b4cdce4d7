import { existsSync, readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { goFlags } from '../go-flags.ts';
import { speedFromEnv } from '../timing.ts';

/** Flamenco: internal/worker/config.go. */
const defaultTaskTypes = ['blender', 'ffmpeg', 'file-management', 'misc'];
const configFilename = 'flamenco-worker.yaml';

export interface WorkerOptions {
  /** Without a slash at its end. */
  readonly managerUrl: string;
  readonly name: string;
  /** The folder of the credentials and of updates that were not sent yet. */
  readonly home: string;
  readonly taskTypes: readonly string[];
  /** Exit with this on a restart; 0 = this worker cannot restart. */
  readonly restartExitCode: number;
  readonly speed: number;
  readonly isQuiet: boolean;
  /** Only send what was not sent yet, sign off and end. */
  readonly isFlushOnly: boolean;
}

export type ParsedOptions =
  | { readonly kind: 'run'; readonly options: WorkerOptions }
  | { readonly kind: 'version' };

type Env = Readonly<Record<string, string | undefined>>;

/** Flags, environment and `flamenco-worker.yaml` of the working directory. Throws with words for whoever started it. */
export async function parseOptions(args: readonly string[], env: Env): Promise<ParsedOptions> {
  const flags = parseFlags(args);
  if (flags.version) return { kind: 'version' };
  const file = await readConfigFile();
  const managerUrl = flags.manager ?? file.managerUrl ?? '';
  if (managerUrl === '') throw new Error('no Manager configured: give its address with -manager URL');
  const options = {
    managerUrl: normalUrl(managerUrl),
    name: (file.name ?? env.FLAMENCO_WORKER_NAME?.trim()) || hostname(),
    home: flamencoHome(env),
    taskTypes: file.taskTypes ?? defaultTaskTypes,
    restartExitCode: Number(flags['restart-exit-code'] ?? file.restartExitCode ?? 0),
    speed: speedFromEnv(env),
    isQuiet: flags.quiet,
    isFlushOnly: flags.flush,
  };
  return { kind: 'run', options };
}

function parseFlags(args: readonly string[]) {
  return parseArgs({
    args: goFlags(args),
    options: {
      manager: { type: 'string' },
      'restart-exit-code': { type: 'string' },
      version: { type: 'boolean', default: false },
      flush: { type: 'boolean', default: false },
      quiet: { type: 'boolean', default: false },
      debug: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      // Known to Flamenco, and without effect there too.
      register: { type: 'boolean', default: false },
    },
  }).values;
}

interface ConfigFile {
  readonly name?: string;
  readonly managerUrl?: string;
  readonly taskTypes?: readonly string[];
  readonly restartExitCode?: number;
}

async function readConfigFile(): Promise<ConfigFile> {
  if (!existsSync(configFilename)) return {};
  // Loaded only when there is a file: a worker is to start quickly.
  const { parse } = await import('yaml');
  const values: unknown = parse(readFileSync(configFilename, 'utf8')) ?? {};
  if (typeof values !== 'object' || values === null)
    throw new Error(`${configFilename}: not a set of keys and values`);
  const { worker_name, manager_url, task_types, restart_exit_code } = values as Record<string, unknown>;
  return {
    ...(typeof worker_name === 'string' && worker_name.trim() !== '' ? { name: worker_name.trim() } : {}),
    ...(typeof manager_url === 'string' ? { managerUrl: manager_url.trim() } : {}),
    ...(Array.isArray(task_types) ? { taskTypes: task_types.map(String) } : {}),
    ...(typeof restart_exit_code === 'number' ? { restartExitCode: restart_exit_code } : {}),
  };
}

/** A bare host name means port 80, as for Flamenco; `host:8080` works too. */
function normalUrl(text: string): string {
  const url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  return url.href.replace(/\/+$/, '');
}

function flamencoHome(env: Env): string {
  if (env.FLAMENCO_HOME) return env.FLAMENCO_HOME;
  return join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'flamenco');
}
