import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Blender that is not done after this time never will be: the scenes take a few seconds on a busy machine. */
const NEVER_ENDS_MS = 60_000;

export interface Alone {
  /** `null` = it did not end by itself. A signal counts as 128 + its number, as a shell has it. */
  readonly exit: number | null;
  /** Pictures in the project's output folder. */
  readonly files: number;
  readonly log: string;
}

export interface ByHand {
  readonly blender: string;
  /** The project's folder; the scenes write to `out/` in it. */
  readonly folder: string;
  readonly blend: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

const SIGNALS: Readonly<Record<string, number>> = { SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11 };

/** Renders a shot as a person does at the command line, with nothing of ours: `blender -b shot.blend -a`. */
export function renderByHand({ blender, folder, blend, before, after }: ByHand): Promise<Alone> {
  const args = ['-b', '--factory-startup', '-noaudio', ...before, join(folder, blend), ...after];
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? tmpdir(), TMPDIR: tmpdir() };
  const child = spawn(blender, args, { env, stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
  let log = '';
  child.stdout.on('data', (data) => (log += data));
  child.stderr.on('data', (data) => (log += data));
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, NEVER_ENDS_MS);
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const exit = isLate ? null : (code ?? 128 + (SIGNALS[signal ?? ''] ?? 0));
      done({ exit, files: picturesIn(join(folder, 'out')), log });
    });
  });
}

/** Every scene calls its pictures pic_####. */
function picturesIn(folder: string): number {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile() && entry.name.startsWith('pic_')).length;
  } catch {
    return 0;
  }
}

/** Runs `work` for each of `items`, as many at a time as there are cores. */
export async function eachAtOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const lanes = Array.from({ length: cpus().length }, async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  });
  await Promise.all(lanes);
}
