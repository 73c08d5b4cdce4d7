import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Where the stand-ins listen, as the service is told it. */
export interface StandInPlaces {
  readonly storage: string;
  readonly gke: string;
  readonly gkePort: number;
  readonly schedulerPort: number;
  readonly issuer: string;
}

interface Options {
  readonly port: number;
  readonly dir: string;
  readonly places: StandInPlaces;
  readonly metadataHost: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface ServiceProcess {
  readonly url: string;
  /** All that it has logged, over its restarts. */
  readonly said: () => string;
  /** Lines of its log whose level is at least that of a warning. */
  readonly warnings: () => readonly string[];
  start(): Promise<void>;
  /** As Cloud Run takes an instance away, and as it crashes. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

const SERVE = join(import.meta.dirname, 'serve.ts');
const PATIENCE_MS = 60_000;

/** The service in cloud mode as a process, as Cloud Run would start it; it can be ended and started again. */
export async function startServiceProcess(
  t: { after(fn: () => unknown): void },
  { port, dir, places, metadataHost, env }: Options,
): Promise<ServiceProcess> {
  const home = join(dir, 'home');
  mkdirSync(home, { recursive: true });
  const url = `http://127.0.0.1:${port}`;
  let output = '';
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    const started = spawn(process.execPath, [SERVE], {
      env: {
        ...{ PATH: process.env.PATH, HOME: home, PORT: String(port), K_SERVICE: 'tablao-control' },
        // Google's libraries find who they are as on Cloud Run.
        ...{ GCE_METADATA_HOST: metadataHost, METADATA_SERVER_DETECTION: 'assume-present' },
        ...env,
        STAND_INS: JSON.stringify(places),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    started.stdout.on('data', (data) => (output += data));
    started.stderr.on('data', (data) => (output += data));
    const endsAt = Date.now() + PATIENCE_MS;
    while (!(await isUp(url))) {
      if (started.exitCode !== null || started.signalCode !== null || Date.now() > endsAt)
        throw new Error(`the service did not start: ${output.slice(-3000)}`);
      await delay(50);
    }
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child?.once('exit', done));
    child.kill(signal);
    await ended;
  }
  t.after(() => end('SIGKILL'));
  await start();
  const lines = () => output.split('\n').filter((line) => /"severity":"(WARNING|ERROR|CRITICAL)"/.test(line));
  return { url, said: () => output, warnings: lines, start, end };
}

function isUp(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
