// flamenco-lite's worker: `node worker.ts -manager URL`.
import { workerShutdown } from './timing.ts';
import { version } from './version.ts';
import type { Client } from './worker/client.ts';
import { signOnOrRegister } from './worker/identity.ts';
import { parseOptions, type WorkerOptions } from './worker/options.ts';
import { type End, followStates } from './worker/states.ts';
import { createUploader } from './worker/uploader.ts';
import { createUpstream, type Upstream } from './worker/upstream.ts';

/** Flamenco: -2, which a shell sees as this. */
const forcedExitCode = 254;

/** Returns the exit code (flamenco.md §3.2). */
async function main(): Promise<number> {
  const parsed = await parseOptions(process.argv.slice(2), process.env);
  if (parsed.kind === 'version') {
    process.stdout.write(`${version.version}\n`);
    return 0;
  }
  return run(parsed.options);
}

async function run(options: WorkerOptions): Promise<number> {
  const signal = endBySignal();
  const say = (line: string) => {
    if (!options.isQuiet) process.stdout.write(`${line}\n`);
  };
  say(`flamenco-lite worker ${options.name} of ${options.managerUrl}`);
  const { client, state } = await signOnOrRegister(options, signal);
  const upstream = createUpstream({ client, home: options.home, speed: options.speed, signal });
  await upstream.flush();
  if (options.isFlushOnly) {
    await signOff(client, upstream);
    return 0;
  }
  const uploader = createUploader(client, say);
  const end = await followStates({ client, upstream, uploader, signal, say, speed: options.speed }, state);
  await signOff(client, upstream);
  say(`ended: ${end}`);
  return exitCode(end, options);
}

/** Signing off comes last: updates are still taken from a worker that is signed on. */
async function signOff(client: Client, upstream: Upstream): Promise<void> {
  const force = setTimeout(() => process.exit(forcedExitCode), workerShutdown.everything);
  await upstream.close();
  await client.post('sign-off', undefined, AbortSignal.timeout(workerShutdown.signOff)).catch(() => {});
  clearTimeout(force);
}

function exitCode(end: End, options: WorkerOptions): number {
  switch (end) {
    case 'offline':
      return 0;
    case 'restart':
      return options.restartExitCode;
    case 'signal':
      return 1;
  }
}

function endBySignal(): AbortSignal {
  const controller = new AbortController();
  const end = () => controller.abort();
  process.on('SIGTERM', end).on('SIGINT', end);
  return controller.signal;
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
