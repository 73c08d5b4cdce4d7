// Runs what `order.json` of a folder says and writes down how it ended: `node launcher.ts FOLDER`.
// It outlives the service that started it, and is all that a later service needs to find: see process-files.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { watchDeadman } from './deadman.ts';
import { type ProcessExit, processFiles, readAsked, readOrder } from './process-files.ts';
import { markedProcesses, PROCESS_MARK, signal, startMarkOf } from './process-table.ts';
import { createJson } from './whole-files.ts';

/** Windows has no SIGTERM: there the launcher looks for the request itself. */
const LOOK_FOR_REQUEST_MS = 500;
/** What has not ended so long after the dead-man's switch asked it to is ended by force. */
const LAST_WORDS_MS = 25_000;

const [folder = ''] = process.argv.slice(2);
const files = processFiles(folder);
let child: ChildProcess | null = null;
let wasAsked = false;

// Before all else: a request that came earlier than these would end the launcher without a word.
process.on('SIGTERM', endChild).on('SIGINT', endChild);
await main();

async function main(): Promise<void> {
  const order = await readOrder(folder);
  const claim = { pid: process.pid, startMark: (await startMarkOf(process.pid)) ?? '' };
  if (order === null || !(await createJson(files.claim, claim))) return;
  watchDeadman(order.deadman, endWithoutService);
  const ended = wasAsked ? { code: 0, signal: null } : await run(order);
  await killAll();
  await createJson(files.exit, { ...ended, at: Date.now(), wasAsked } satisfies ProcessExit);
  process.exit(0);
}

type Ended = Pick<ProcessExit, 'code' | 'signal'>;

function run({
  command,
  args,
  cwd,
  env,
}: NonNullable<Awaited<ReturnType<typeof readOrder>>>): Promise<Ended> {
  const log = openSync(files.log, 'a');
  return new Promise((resolve) => {
    const started = spawn(command, args, {
      cwd,
      env: { ...env, [PROCESS_MARK]: folder },
      stdio: ['ignore', log, log],
      windowsHide: true,
    });
    child = started;
    started.once('exit', (code, bySignal) => resolve({ code, signal: bySignal }));
    started.once('error', (error) => {
      process.stderr.write(`${error.message}\n`);
      resolve({ code: 127, signal: null });
    });
    if (process.platform === 'win32') setInterval(lookForRequest, LOOK_FOR_REQUEST_MS);
  });
}

/** Once only: a second signal can make Flamenco's worker panic while it signs off. */
function endChild(): void {
  if (wasAsked) return;
  wasAsked = true;
  child?.kill('SIGTERM');
}

/** The service is gone for good: nobody else would ever end this. */
function endWithoutService(): void {
  process.stderr.write("ended by the dead-man's switch: no service has looked after the farm\n");
  endChild();
  setTimeout(() => void killAll(), LAST_WORDS_MS);
}

async function killAll(): Promise<void> {
  for (const pid of await markedProcesses(folder)) if (pid !== process.pid) signal(pid, 'SIGKILL');
}

function lookForRequest(): void {
  readAsked(folder).then(
    (asked) => asked !== null && endChild(),
    () => undefined,
  );
}
