/**
 * How soon the bundled service listens, what memory it has then, and what `/status` costs, beside an empty fastify app in
 * the same run: ratios say more than milliseconds of whatever machine this is.
 *
 *     npm run bench:start [-- --json]
 *
 * Starts are measured with a warm compile cache (the image brings one). Memory is read from /proc, so on Linux only.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../../services/control/build.ts';
import { CLOUD_ENV } from '../cloud-env.ts';

const STARTS = 9;
/** The first fill the compile cache, and the system's own. */
const WARM_UPS = 2;
const REQUESTS = 20_000;
const CONNECTIONS = 16;
const LISTENING = /http:\/\/[^:"]+:(\d+)","message":"listening"/;

interface Start {
  readonly ms: number;
  /** Processor time until then, which a busy machine does not change much; `null` = cannot be read here. */
  readonly cpuMs: number | null;
  /** The same for `null`. */
  readonly rssMiB: number | null;
}

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
/** Inside the repository, where native packages are found. */
const DIST = join(import.meta.dirname, '..', '..', 'dist');
mkdirSync(DIST, { recursive: true });
const folder = mkdtempSync(join(DIST, 'bench-start-'));

interface Program {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
}

async function main(): Promise<void> {
  const repository = join(import.meta.dirname, '..', '..');
  const built = join(folder, 'built');
  await bundle(join(repository, 'services/control/main.ts'), built);
  await bundle(join(import.meta.dirname, 'apps.ts'), built);
  const service = (ROLE: string): Program => ({ file: join(built, 'main.mjs'), env: { ...CLOUD_ENV, ROLE } });
  const app = (name: string): Program => ({ file: join(built, 'apps.mjs'), env: { APP: name } });
  const starts = await startInTurn({
    empty: app('empty'),
    control: service('control'),
    page: service('page'),
  });
  const requests = await askInTurn({ empty: app('empty'), status: app('status') });
  if (values.json) process.stdout.write(`${JSON.stringify({ starts, requests })}\n`);
  else process.stdout.write(`${table(starts, requests)}\n`);
}

async function startInTurn<Name extends string>(
  programs: Readonly<Record<Name, Program>>,
): Promise<Readonly<Record<Name, Start>>> {
  const names = Object.keys(programs) as Name[];
  const all = new Map<Name, Start[]>(names.map((name) => [name, []]));
  for (let round = 0; round < WARM_UPS + STARTS; round += 1)
    for (const name of names) {
      const { child, start } = await begin(programs[name]);
      await end(child);
      if (round >= WARM_UPS) all.get(name)?.push(start);
    }
  const median = (name: Name): Start => {
    const starts = all.get(name) ?? [];
    const known = (key: 'cpuMs' | 'rssMiB') => {
      const numbers = starts.map((start) => start[key]).filter((one) => one !== null);
      return numbers.length === 0 ? null : middle(numbers);
    };
    return { ms: middle(starts.map(({ ms }) => ms)), cpuMs: known('cpuMs'), rssMiB: known('rssMiB') };
  };
  return Object.fromEntries(names.map((name) => [name, median(name)])) as Record<Name, Start>;
}

async function begin({ file, env }: Program) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [file], {
    env: {
      ...{ PATH: process.env.PATH, PORT: '0', NODE_ENV: 'production' },
      ...{ NODE_COMPILE_CACHE: join(folder, 'cache'), ...env },
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const text of child.stdout.setEncoding('utf8')) {
    said += text;
    if (said.includes('"listening"')) break;
  }
  const found = LISTENING.exec(said);
  if (found === null) throw new Error(`${file} did not listen: ${said}`);
  const start: Start = { ms: performance.now() - startedAt, ...useOf(child) };
  return { child, start, port: Number(found[1]) };
}

function useOf({ pid }: ChildProcess): Omit<Start, 'ms'> {
  if (process.platform !== 'linux') return { cpuMs: null, rssMiB: null };
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  // proc(5): the name stands in parentheses; user and system time are the 14th and 15th field, in hundredths of a second.
  const [, , , , , , , , , , , user, system] =
    readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return {
    cpuMs: (Number(user) + Number(system)) * 10,
    rssMiB: found === null ? null : Number(found[1]) / 1024,
  };
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

/** Processor time of the server a request, in microseconds. */
async function askInTurn<Name extends string>(
  programs: Readonly<Record<Name, Program>>,
): Promise<Readonly<Record<Name, number>>> {
  const costs: [string, number][] = [];
  for (const [name, program] of Object.entries<Program>(programs)) {
    const { child, port } = await begin(program);
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    const path = name === 'empty' ? '/empty' : '/status';
    const ask = (at: string) => read(agent, port, at);
    await askMany(ask, path, REQUESTS / 4);
    const before = Number(await ask('/cpu'));
    await askMany(ask, path, REQUESTS);
    costs.push([name, (Number(await ask('/cpu')) - before) / REQUESTS]);
    agent.destroy();
    await end(child);
  }
  return Object.fromEntries(costs) as Record<Name, number>;
}

async function askMany(ask: (path: string) => Promise<string>, path: string, count: number): Promise<void> {
  const lane = async () => {
    for (let index = 0; index < count / CONNECTIONS; index += 1) await ask(path);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
}

function read(agent: Agent, port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ agent, port, path, host: '127.0.0.1' }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.on('end', () => resolve(text)).on('error', reject);
    }).on('error', reject);
  });
}

function middle(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

function table(
  starts: Readonly<Record<'empty' | 'control' | 'page', Start>>,
  requests: Readonly<Record<'empty' | 'status', number>>,
): string {
  const ratio = (a: number, b: number) => `${(a / b).toFixed(2)}x`.padStart(6);
  const row = (name: string, { ms, cpuMs, rssMiB }: Start) =>
    [
      name.padEnd(18),
      `${ms.toFixed(0)} ms`.padStart(8),
      ratio(ms, starts.empty.ms),
      `${cpuMs ?? '?'} ms`.padStart(14),
      ratio(cpuMs ?? Number.NaN, starts.empty.cpuMs ?? Number.NaN),
      `${rssMiB?.toFixed(0) ?? '?'} MiB`.padStart(9),
    ].join('  ');
  return [
    `spawn to listening, medians of ${STARTS}${' '.repeat(10)}processor time        memory`,
    row('empty fastify app', starts.empty),
    row('ROLE=control', starts.control),
    row('ROLE=page', starts.page),
    '',
    `processor time a request: empty route ${requests.empty.toFixed(0)} us, /status ${requests.status.toFixed(0)} us: ${(requests.status / requests.empty).toFixed(2)}x`,
  ].join('\n');
}

try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
