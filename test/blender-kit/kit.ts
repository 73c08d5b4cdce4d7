// Runs the real kit with a real Blender, and reads what it leaves behind.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';

const kitDir = join(import.meta.dirname, '../../services/blender-kit');
export const wrapper = join(kitDir, 'run.sh');
export const jobType = join(kitDir, 'tablao_render.js');

const blender = process.env.BLENDER || 'blender';

/** Why tests with Blender are left out, or false. */
export function noBlender(): string | false {
  const asked = spawnSync(blender, ['--background', '--version'], { env: plainEnv(), encoding: 'utf8' });
  return asked.status === 0 ? false : `needs Blender: ${blender} is not there (set BLENDER to its path)`;
}

export const noFfmpeg =
  spawnSync('ffmpeg', ['-version']).status === 0 ? false : 'needs ffmpeg on the PATH for the preview video';

/** Bytes that a Blender may print; 5.2 prints thousands with each new file where add-ons of its own do not start. */
const MOST_WORDS = 16 * 1024 * 1024;

/** A new folder with the shots of make_shots.py, or of another script of this folder. */
export function makeShots(by = 'make_shots.py'): string {
  const dir = mkdtempSync(join(tmpdir(), 'tablao-shots-'));
  const script = join(import.meta.dirname, by);
  const made = spawnSync(
    blender,
    ['--background', '--factory-startup', '--python-exit-code', '1', '--python', script, '--', dir],
    { env: plainEnv(), encoding: 'utf8', maxBuffer: MOST_WORDS },
  );
  if (made.status !== 0) throw new Error(`the shots could not be made:\n${made.stdout}\n${made.stderr}`);
  return dir;
}

/** Packs a folder's content with the Python inside Blender: no machine needs a `zip` for it. */
export function zip(target: string, folder: string): void {
  const pack = `import shutil; shutil.make_archive(${JSON.stringify(target.replace(/\.zip$/, ''))}, "zip", ${JSON.stringify(folder)})`;
  spawnSync(blender, ['--background', '--factory-startup', '--python-expr', pack], { env: plainEnv() });
}

export type Plan = Readonly<Record<string, unknown>>;

export function plan(overrides: Plan = {}): Plan {
  return {
    schema: 1,
    run: 'r1',
    name: 'shot_####',
    format: 'PNG',
    extension: '.png',
    frames: '1-24',
    device: 'cpu',
    ...overrides,
  };
}

type Ended = { readonly code: number | null; readonly stdout: string; readonly output: string };

type Task = {
  readonly script: 'render.py' | 'check.py' | 'video.py';
  readonly shot: string;
  readonly renderDir: string;
  readonly plan: Plan;
  readonly chunk?: string;
  readonly scripts?: boolean;
};

/** The command line that tablao_render.js gives to a worker, variables expanded. */
function commandLine(task: Task): string[] {
  return [
    blender,
    '--background',
    '-noaudio',
    task.scripts ? '--enable-autoexec' : '--disable-autoexec',
    '--python',
    join(kitDir, 'open.py'),
    task.shot,
    '--python-exit-code',
    '1',
    '--python',
    join(kitDir, task.script),
    '--',
    Buffer.from(JSON.stringify(task.plan)).toString('base64url'),
    task.renderDir,
    ...(task.chunk === undefined ? [] : [task.chunk]),
  ];
}

export function run(task: Task): Ended {
  const [program = '', ...args] =
    task.script === 'check.py' ? commandLine(task) : [wrapper, ...commandLine(task)];
  const ended = spawnSync(program, args, { env: plainEnv(), encoding: 'utf8' });
  return { code: ended.status, stdout: ended.stdout, output: ended.stdout + ended.stderr };
}

/** Lets Blender do a line of Python. */
export function runPython(line: string): void {
  spawnSync(blender, ['--background', '--factory-startup', '--python-expr', line], { env: plainEnv() });
}

/** Starts a task and leaves it running. */
export function start(task: Task) {
  return spawn(wrapper, commandLine(task), { env: plainEnv(), stdio: 'ignore' });
}

/** `blender -b FILE -f FRAMES`: the picture that the kit has to match. */
export function renderPlainly(shot: string, frames: string, output: string): void {
  spawnSync(blender, ['-b', '--disable-autoexec', shot, '-o', output, '-f', frames], { env: plainEnv() });
}

// Python settings of whoever runs the tests would reach the Python inside Blender.
function plainEnv(): NodeJS.ProcessEnv {
  const env = { ...process.env, FLAMENCO_WORKER_NAME: 'test-worker' };
  for (const name of Object.keys(env)) if (name.startsWith('PYTHON')) delete (env as NodeJS.ProcessEnv)[name];
  return env;
}

/** The check's findings about every shot of a folder, by the shot's name. */
export function checkAll(shots: string, settings: Plan): unknown {
  const result = join(shots, 'findings.json');
  const script = join(import.meta.dirname, 'check_many.py');
  const args = [
    '--background',
    '-noaudio',
    '--disable-autoexec',
    '--python-exit-code',
    '1',
    '--python',
    script,
  ];
  const encoded = Buffer.from(JSON.stringify(settings)).toString('base64url');
  const ended = spawnSync(blender, [...args, '--', kitDir, shots, encoded, result], {
    env: plainEnv(),
    encoding: 'utf8',
    maxBuffer: MOST_WORDS,
  });
  if (ended.status !== 0)
    throw new Error(`the shots could not be checked:\n${ended.stdout}\n${ended.stderr}`);
  return JSON.parse(readFileSync(result, 'utf8'));
}

/** What the kit makes of single lines of Blender's log: `fault`, `warning` or `nothing`. */
export function judgeLines(lines: readonly string[]): readonly string[] {
  const judge = [
    'import json, sys',
    `sys.path.insert(0, ${JSON.stringify(kitDir)})`,
    'from tablao_kit import log',
    'lines = json.loads(sys.argv[-1])',
    "said = ['fault' if log.faults(line) else 'warning' if log.warnings(line) else 'nothing' for line in lines]",
    "print('JUDGED ' + json.dumps(said))",
  ].join('\n');
  const ended = spawnSync(blender, ['--background', '--python-expr', judge, '--', JSON.stringify(lines)], {
    env: { ...plainEnv(), PYTHONDONTWRITEBYTECODE: '1' },
    encoding: 'utf8',
  });
  return JSON.parse(/^JUDGED (.*)$/m.exec(ended.stdout)?.[1] ?? '[]');
}

export function newDir(): string {
  return mkdtempSync(join(tmpdir(), 'tablao-kit-'));
}

export function readRecord(renderDir: string, name: number | 'check') {
  const file = typeof name === 'number' ? String(name).padStart(4, '0') : name;
  return JSON.parse(readFileSync(join(renderDir, 'records', `${file}.json`), 'utf8'));
}

export function hasRecord(renderDir: string, frame: number): boolean {
  return existsSync(join(renderDir, 'records', `${String(frame).padStart(4, '0')}.json`));
}

/** Size and pixels of a PNG. Metadata (date, render time) differs from one rendering to the next. */
export function readPng(path: string): { width: number; height: number; pixels: Buffer } {
  const bytes = readFileSync(path);
  const data: Buffer[] = [];
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const kind = bytes.toString('latin1', at + 4, at + 8);
    if (kind === 'IDAT') data.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)));
  }
  return {
    width: bytes.readUInt32BE(16),
    height: bytes.readUInt32BE(20),
    pixels: inflateSync(Buffer.concat(data)),
  };
}

/** Flamenco's worker counts a step for each such line, and shows the file of each `Saved` line. */
export function stepsIn(output: string): number {
  const counted = /^(?:.*render\s+\|\s+)?(?:Time: [0-9:.]+|[sS]kipping existing frame)/;
  return output.split('\n').filter((line) => counted.test(line)).length;
}

export function savedIn(output: string): string[] {
  return output.split('\n').flatMap((line) => /^(?:.*render\s+\|\s+)?Saved: '(.*)'/.exec(line)?.[1] ?? []);
}
