import { chmodSync, chownSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { find, type Manifest, render, workerJobs } from '../chart/render.ts';
import type { Tools } from '../tools/tools.ts';
import type { Engine } from './engine.ts';
import { BLENDERS } from './stand-ins.ts';

/** As the chart's security contexts have it. */
const CONFINED = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--network=host'];
const USER = 1000;

/** A farm of containers, told what the chart tells its pods. */
export interface Farm {
  readonly folder: string;
  readonly url: string;
  readonly tag: string;
  readonly startManager: () => void;
  readonly startWorker: (name: string, options?: readonly string[]) => void;
  readonly call: (method: string, path: string, body?: unknown) => Promise<Manifest>;
}

interface Images {
  readonly manager: string;
  readonly worker: string;
}

export async function makeFarm(engine: Engine, tools: Tools, images: Images): Promise<Farm> {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-farm-'));
  chmodSync(folder, 0o755);
  const port = await freePort();
  const objects = render(tools, 'minimal', { also: { manager: { port }, blenders: BLENDERS } });
  const job = workerJobs(objects)['cpu-spot'];
  const { data } = find(objects, 'ConfigMap', 'tablao-manager');
  for (const name of ['config', 'scenes', 'renders']) mkdirSync(join(folder, name));
  chownSync(join(folder, 'renders'), USER, USER);
  writeFileSync(join(folder, 'config/flamenco-manager.yaml'), data['flamenco-manager.yaml']);
  const url = `http://127.0.0.1:${port}`;
  const { env } = job.spec.template.spec.containers[0];
  return {
    folder,
    url,
    tag: env.find(({ name }: Manifest) => name === 'TABLAO_TAG').value,
    startManager: () => {
      const mounts = ['-v', `${folder}/config:/etc/flamenco:ro`, ...memory('/data'), ...memory('/tmp')];
      run(engine, 'manager', [...CONFINED, ...mounts, images.manager]);
    },
    startWorker: (name, options = []) => {
      const told = env.filter(({ value }: Manifest) => value !== undefined);
      const variables = told.flatMap(({ name, value }: Manifest) => ['-e', `${name}=${value}`]);
      const own = ['-e', `FLAMENCO_WORKER_NAME=${name}`, '--add-host=tablao-manager:127.0.0.1'];
      const mounts = [
        ...['-v', `${folder}/scenes:/tablao/scenes:ro`, '-v', `${folder}/renders:/tablao/renders`],
        ...memory('/var/lib/flamenco'),
        ...memory('/tmp'),
      ];
      run(engine, name, [...CONFINED, ...mounts, ...variables, ...own, ...options, images.worker]);
    },
    call: async (method, path, body) => {
      const response = await fetch(`${url}/api/v3/${path}`, {
        method,
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text;
    },
  };
}

/** How a container ended. */
export function exitOf(
  engine: Engine,
  name: string,
): { readonly code: number; readonly outOfMemory: boolean } {
  const [state] = JSON.parse(engine.docker('inspect', name));
  return { code: state.State.ExitCode, outOfMemory: state.State.OOMKilled };
}

function run(engine: Engine, name: string, args: readonly string[]): void {
  engine.tryDocker('rm', '--force', name);
  engine.docker('run', '--detach', '--name', name, ...args);
}

/** An emptyDir: all that can be written. */
function memory(path: string): readonly string[] {
  return ['--tmpfs', `${path}:rw,uid=${USER},gid=${USER},mode=0700`];
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Processes of a container by the host's ids, with who they run as. */
export function processesOf(engine: Engine, name: string): readonly { uid: string; command: string }[] {
  const [, ...lines] = engine.docker('top', name, '-eo', 'pid,uid,args').split('\n');
  return lines.map((line) => {
    const [, uid = '', command = ''] = /^\s*\d+\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return { uid, command };
  });
}

export function imageSize(engine: Engine, image: string): string {
  const bytes = Number(engine.docker('image', 'inspect', '--format', '{{.Size}}', image));
  return `${Math.round(bytes / 1e6)} MB`;
}
