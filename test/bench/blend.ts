// npm run bench:blend [-- FOLDER]: what it costs to read large .blend files, beside Blender and its own
// blend_render_info.py. The files (4.5 GB) are made by Blender in a temporary folder, or kept in FOLDER for next time.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reading } from './blend-reading.ts';

const BLENDER = process.env.BLENDER ?? 'blender';
const LATENCY_MS = 25;
const KINDS = ['small', 'pictures', 'uneven', 'meshes', 'objects'];
const COMPRESSED = ['pictures', 'uneven', 'meshes', 'objects'];
/** Blender brings its own Python, which another one's variables would confuse. */
const ENV = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PYTHON')));

interface Other {
  readonly ms: number;
  readonly peakMiB: number;
}

const given = process.argv[2];
const folder = given ?? mkdtempSync(join(tmpdir(), 'tablao-bench-'));
try {
  mkdirSync(folder, { recursive: true });
  const files = KINDS.flatMap((kind) => [kind, ...(COMPRESSED.includes(kind) ? [`${kind}-zstd`] : [])]);
  makeFiles();
  const rows = files.map((name) => measure(name, join(folder, `${name}.blend`)));
  printTable(rows);
} finally {
  if (given === undefined) rmSync(folder, { recursive: true });
}

function makeFiles(): void {
  for (const kind of KINDS) {
    if (existsSync(join(folder, `${kind}.blend`))) continue;
    process.stderr.write(`making ${kind}…\n`);
    const script = join(import.meta.dirname, 'make_large.py');
    const options = ['--background', '--factory-startup', '--python-exit-code', '3'];
    const { status, stderr } = run(BLENDER, [...options, '--python', script, '--', folder, kind]);
    if (status !== 0) throw new Error(`Blender could not make ${kind}: ${stderr}`);
  }
}

function measure(name: string, path: string) {
  process.stderr.write(`reading ${name}…\n`);
  return {
    name,
    size: statSync(path).size,
    near: reading(path, 0),
    far: reading(path, LATENCY_MS),
    blender: blender(path),
    info: renderInfo(path),
  };
}

function reading(path: string, latencyMs: number): Reading {
  const script = join(import.meta.dirname, 'blend-reading.ts');
  const { stdout, stderr } = run(process.execPath, [script, path, String(latencyMs)]);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

/** Its own start, which takes as long with any file, is taken off. */
function blender(path: string): Other {
  const peak = 'import resource; print("PEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)';
  const open = (files: readonly string[]) =>
    timed(BLENDER, ['--background', ...files, '--python-expr', peak]);
  const empty = open([]);
  const full = open([path]);
  return { ms: full.ms - empty.ms, peakMiB: Number(/PEAK (\d+)/.exec(full.stdout)?.[1] ?? 0) };
}

/** Null where this Blender's script cannot read the file. */
function renderInfo(path: string): Other | null {
  const where = 'import bpy; print("SCRIPTS", bpy.utils.system_resource("SCRIPTS"))';
  const scripts = /SCRIPTS (.+)/.exec(
    run(BLENDER, ['--background', '--factory-startup', '--python-expr', where]).stdout,
  )?.[1];
  const script = join(scripts ?? '', 'modules', 'blend_render_info.py');
  const { ms, status, stdout } = timed('python3', [script, path]);
  return status === 0 && stdout.trim() !== '' ? { ms, peakMiB: 0 } : null;
}

function timed(command: string, args: readonly string[]) {
  const start = performance.now();
  const done = run(command, args);
  return { ...done, ms: performance.now() - start };
}

function run(command: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, { env: ENV, encoding: 'utf8' });
  return { status, stdout: stdout ?? '', stderr: stderr ?? '' };
}

function printTable(rows: readonly ReturnType<typeof measure>[]): void {
  const heads = [
    ['file', 'size'],
    ['settings', 'requests, MiB'],
    ['all', 'requests, MiB'],
    ['ms', `at ${LATENCY_MS} ms a request`],
    ['bytes then: MiB', 'CPU ms: first, warm'],
    ['peak MiB'],
    ['Blender s', 'peak MiB'],
    ['times faster', 'render info ms'],
  ];
  const lines = rows.map(({ name, size, near, far, blender, info }) => [
    [name, `${(size / 1e6).toFixed(1)} MB`],
    [`${near.settings.requests}`, near.settings.bytes.toFixed(2)],
    [`${near.all.requests}`, near.all.bytes.toFixed(2)],
    [near.all.ms.toFixed(0), `${far.settings.ms.toFixed(0)} / ${far.all.ms.toFixed(0)}`],
    [far.all.bytes.toFixed(2), `${near.cpuMs.toFixed(0)}, ${near.warmCpuMs.toFixed(0)}`],
    [near.peakMiB.toFixed(0)],
    [(blender.ms / 1000).toFixed(1), blender.peakMiB.toFixed(0)],
    [(blender.ms / near.all.ms).toFixed(0), info ? info.ms.toFixed(0) : 'cannot'],
  ]);
  for (const line of [heads, heads.map((head) => head.map(() => '---')), ...lines])
    process.stdout.write(`| ${line.flat().join(' | ')} |\n`);
}
