import { join } from 'node:path';
import type { BlenderFound } from './blenders.ts';

interface Options {
  readonly farmId: string;
  readonly port: number;
  /** The manager's working directory. */
  readonly managerDir: string;
  readonly rendersDir: string;
  readonly kitDir: string;
  /** Runs its arguments as a program; `{tablao-run}` of the job type. */
  readonly runner: string;
  /** Newest first. */
  readonly blenders: readonly BlenderFound[];
}

/**
 * `flamenco-manager.yaml` as an object; JSON is YAML. All paths are absolute, since Flamenco takes some against its
 * executable and others against its working directory. The brakes on failures are loose: failing frames are ours to
 * handle, and with one or two workers Flamenco would fail the whole job at its first frame.
 */
export function managerConfig(options: Options) {
  const { farmId, port, managerDir, rendersDir } = options;
  return {
    _meta: { version: 3 },
    manager_name: managerNameOf(farmId),
    listen: `127.0.0.1:${port}`,
    autodiscoverable: false,
    database: join(managerDir, 'flamenco-manager.sqlite'),
    local_manager_storage_path: join(managerDir, 'storage'),
    shared_storage_path: rendersDir,
    shaman: { enabled: false },
    task_timeout: '1h',
    worker_timeout: '3m',
    blocklist_threshold: 65535,
    task_fail_after_softfail_count: 1,
    variables: variablesOf(options),
  };
}

/** What the manager calls itself: tells ours from a stranger's on the same port. */
export const managerNameOf = (farmId: string) => `Tablao ${farmId}`;

function variablesOf({ blenders, kitDir, runner }: Options): Record<string, unknown> {
  const [newest] = blenders;
  const exact = blenders.map(({ version, path }) => [`blender-${version}`, path] as const);
  const values = [
    ...exact,
    ...(newest === undefined ? [] : [['blender', newest.path] as const]),
    ['tablao-kit', kitDir] as const,
    ['tablao-run', runner] as const,
  ];
  return Object.fromEntries(values.map(([name, value]) => [name, { values: [{ platform: 'all', value }] }]));
}
