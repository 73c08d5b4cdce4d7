import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Enough for the service to start; nothing of it is called. */
const SETTINGS = {
  ...{ K_SERVICE: 'build', PROJECT: 'build-only', REGION: 'europe-west1', ZONES: 'europe-west1-b' },
  ...{ SCENES_BUCKET: 'scenes', RENDERS_BUCKET: 'renders', STATE_BUCKET: 'state', PRICES_DATE: '2026-01-01' },
  POOLS: JSON.stringify([
    { name: 'cpu', machineType: 'e2-standard-8', vcpu: 8, memoryGiB: 32, spotPricePerHour: 1, max: 1 },
  ]),
  ...{ MANAGER_IMAGE: 'manager', WORKER_IMAGE: 'worker', BLENDERS: '4.5.0' },
  ...{ NODE_SERVICE_ACCOUNT: 'a@b.c', DEADMAN_SERVICE_ACCOUNT: 'a@b.c' },
  ...{
    TICK_SERVICE_ACCOUNT: 'a@b.c',
    EVENTS_SERVICE_ACCOUNT: 'a@b.c',
    AUTH_AUDIENCE: 'https://build.invalid',
  },
};

/**
 * Fills Node's compile cache for the bundle in `dir`: everything once as it is started, and the clients that are loaded
 * later. It holds for the same Node, user and place only.
 */
export async function warmCache(dir: string, cache: string): Promise<void> {
  const env = { PATH: process.env.PATH, NODE_ENV: 'production', NODE_COMPILE_CACHE: cache };
  for (const ROLE of ['control', 'page'])
    await startOnce(join(dir, 'main.mjs'), { ...env, ...SETTINGS, ROLE, PORT: '0' });
  const later = (await readdir(dir)).filter((name) => name.endsWith('.mjs') && name !== 'main.mjs');
  // What needs a package that is not there (the bundler) is not loaded in the cloud either.
  const script = later.map((name) => `await import(${JSON.stringify(join(dir, name))}).catch(() => {});`);
  const child = spawn(process.execPath, ['--input-type=module', '-e', script.join('\n')], {
    ...{ env, stdio: 'inherit' },
  });
  await ended(child);
}

async function startOnce(file: string, env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said += text;
    if (said.includes('"listening"')) child.kill('SIGTERM');
  });
  await ended(child);
}

async function ended(child: ReturnType<typeof spawn>): Promise<void> {
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${child.spawnargs.slice(0, 2).join(' ')} ended with ${code}`);
}
