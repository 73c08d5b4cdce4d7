import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import type { FailureLimits } from '../core/farm.ts';
import { parseDuration } from './duration.ts';
import { parseVariables, type Variables } from './variables.ts';

/** The file's name; it is read from the current working directory, as Flamenco does. */
const configFilename = 'flamenco-manager.yaml';

/** Flamenco writes and accepts this version of the file only. */
const configVersion = 3;

interface ManagerConfig extends FailureLimits {
  readonly managerName: string;
  /** `127.0.0.1:8080`, or `:8080` for every interface; port 0 takes a free one. */
  readonly listen: string;
  /** Absolute, or `''` when none is configured. */
  readonly sharedStoragePath: string;
  /** Absolute: where task logs and last-rendered images go. */
  readonly localStoragePath: string;
  readonly taskTimeoutMs: number;
  readonly workerTimeoutMs: number;
  readonly variables: Variables;
}

type Values = Readonly<Record<string, unknown>>;

/** Flamenco's defaults (internal/manager/config/defaults.go), with what flamenco-lite lacks turned off. */
const defaults: Values = {
  _meta: { version: configVersion },
  manager_name: 'Flamenco',
  database: '',
  database_check_period: '10m0s',
  listen: ':8080',
  autodiscoverable: false,
  local_manager_storage_path: './flamenco-manager-storage',
  shared_storage_path: '',
  shaman: { enabled: false },
  task_timeout: '10m0s',
  worker_timeout: '1m0s',
  blocklist_threshold: 3,
  task_fail_after_softfail_count: 3,
  mqtt: { client: { enabled: false } },
  variables: {
    blender: {
      values: [
        { platform: 'linux', value: 'blender' },
        { platform: 'windows', value: 'blender.exe' },
        { platform: 'darwin', value: 'blender' },
      ],
    },
    blenderArgs: { values: [{ platform: 'all', value: '-b -y' }] },
  },
};

export interface ConfigFile {
  readonly current: () => ManagerConfig;
  /** All values as the file and the defaults give them. */
  readonly values: () => Values;
  readonly isFirstRun: () => boolean;
  /** Reads the file again; what is running goes on with the new values, except for the ones read once at the start. */
  readonly reload: () => void;
  /** Replaces the file and the running values. */
  readonly replace: (values: Values) => void;
}

/** Reads the configuration of `folder`. Throws when the file is there but cannot be used. */
export function openConfig(folder: string): ConfigFile {
  const path = resolve(folder, configFilename);
  let isMissing = true;
  let values: Values = defaults;
  let config = parseConfig(values, folder);
  const take = (file: Values | null) => {
    isMissing = file === null;
    values = { ...defaults, ...file };
    config = parseConfig(values, folder);
  };
  take(readValues(path));
  return {
    current: () => config,
    values: () => values,
    isFirstRun: () => isMissing || config.sharedStoragePath === '',
    reload: () => take(readValues(path)),
    replace: (replacement) => {
      // Through a second file, so that a reader never sees half of it.
      writeFileSync(`${path}~`, stringify(replacement), { mode: 0o600 });
      renameSync(`${path}~`, path);
      take(replacement);
    },
  };
}

function readValues(path: string): Values | null {
  const text = readIfThere(path);
  if (text === null) return null;
  const values: unknown = parse(text);
  if (!isObject(values)) throw new Error(`${path}: not a set of keys and values`);
  const meta = values._meta;
  const version = isObject(meta) ? meta.version : undefined;
  if (version !== configVersion) {
    throw new Error(`${path}: _meta.version is ${version}, but only version ${configVersion} is supported`);
  }
  return values;
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function parseConfig(values: Values, folder: string): ManagerConfig {
  const shared = text(values, 'shared_storage_path');
  return {
    managerName: text(values, 'manager_name'),
    listen: text(values, 'listen'),
    sharedStoragePath: shared === '' ? '' : resolve(folder, shared),
    // Flamenco takes a relative path from its executable; here the executable is our source, so from the folder.
    localStoragePath: resolve(folder, text(values, 'local_manager_storage_path')),
    taskTimeoutMs: parseDuration(text(values, 'task_timeout')),
    workerTimeoutMs: parseDuration(text(values, 'worker_timeout')),
    blocklistThreshold: integer(values, 'blocklist_threshold'),
    taskFailAfterSoftFailCount: integer(values, 'task_fail_after_softfail_count'),
    variables: parseVariables(values.variables),
  };
}

function text(values: Values, key: string): string {
  const value = values[key];
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new Error(`${configFilename}: ${key} must be a text`);
}

function integer(values: Values, key: string): number {
  const value = values[key];
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw new Error(`${configFilename}: ${key} must be a whole number`);
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
