// Archives in the form of the real ones, for what cannot be downloaded here, and the build context that asks for them.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import type { Tools } from '../tools/tools.ts';

const repository = join(import.meta.dirname, '../..');

/** Debian's Blender in trixie, and a second one by name only. */
export const BLENDERS = ['4.3.2', '4.2.3'] as const;
/** What stands in for Blender and ffmpeg needs these in the image. */
export const EXTRA_PACKAGES = 'blender ffmpeg';

interface Archive {
  readonly program: 'blender' | 'flamenco' | 'helm';
  readonly version: string;
  readonly file: string;
}

export interface StandIns {
  /** The repository as `docker build` sees it, with a list of these archives in place of the real ones. */
  readonly context: string;
  readonly baseUrl: string;
  readonly close: () => void;
}

export async function makeStandIns(folder: string, tools: Tools): Promise<StandIns> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'archives'), { recursive: true });
  const archives: Archive[] = [
    ...BLENDERS.map((version) => ({ program: 'blender', version, file: blender(folder, version) }) as const),
    { program: 'flamenco', version: '3.9.2', file: flamenco(folder) },
    { program: 'helm', version: '4.1.4', file: helm(folder, tools) },
  ];
  const context = makeContext(folder, archives);
  const server = createServer(({ url = '' }, answer) => {
    answer.end(readFileSync(join(folder, 'archives', url)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { context, baseUrl: urlOf(server), close: () => server.close() };
}

function makeContext(folder: string, archives: readonly Archive[]): string {
  const context = join(folder, 'context');
  mkdirSync(context);
  const names = [
    'charts',
    'docker',
    'services',
    'package.json',
    'package-lock.json',
    '.npmrc',
    '.dockerignore',
  ];
  for (const name of names) cpSync(join(repository, name), join(context, name), { recursive: true });
  const lines = archives.map(({ program, version, file }) => {
    const sum = createHash('sha256')
      .update(readFileSync(join(folder, 'archives', file)))
      .digest('hex');
    return `${program} ${version} ${sum} ${file}\n`;
  });
  writeFileSync(join(context, 'docker/versions'), lines.join(''));
  return context;
}

/** Debian's Blender, which EXTRA_PACKAGES puts into the image. */
function blender(folder: string, version: string): string {
  return archive(folder, `blender-${version}-linux-x64`, (top) => {
    writeProgram(join(top, 'blender'), 'exec /usr/bin/blender "$@"');
  });
}

/** Flamenco's own programs where FLAMENCO_DIR names them, else flamenco-lite with a Node of its own. */
function flamenco(folder: string): string {
  return archive(folder, 'flamenco-3.9.2-linux-amd64', (top) => {
    mkdirSync(join(top, 'tools'));
    writeProgram(join(top, 'tools/ffmpeg-linux-amd64'), 'exec /usr/bin/ffmpeg "$@"');
    const own = process.env.FLAMENCO_DIR;
    if (own !== undefined) {
      for (const name of ['flamenco-manager', 'flamenco-worker']) cpSync(join(own, name), join(top, name));
      return;
    }
    const lite = join(top, 'lite');
    mkdirSync(lite);
    cpSync(realpathSync(process.execPath), join(lite, 'node'));
    for (const name of ['package.json', 'services/flamenco-lite', ...productionPackages()])
      cpSync(join(repository, name), join(lite, name), { recursive: true });
    const run = (half: string) =>
      `exec /opt/flamenco/lite/node /opt/flamenco/lite/services/flamenco-lite/${half}.ts`;
    writeProgram(join(top, 'flamenco-manager'), `${run('manager')} -scripts /opt/flamenco/scripts "$@"`);
    writeProgram(join(top, 'flamenco-worker'), `${run('worker')} "$@"`);
  });
}

/** The real Helm. */
function helm(folder: string, tools: Tools): string {
  return archive(folder, 'linux-amd64', (top) => cpSync(tools.helm, join(top, 'helm')));
}

function archive(folder: string, name: string, fill: (top: string) => void): string {
  const top = join(folder, name);
  mkdirSync(top);
  fill(top);
  const file = `${name}.tar.gz`;
  const made = spawnSync('tar', ['-C', folder, '-czf', join(folder, 'archives', file), name]);
  if (made.status !== 0) throw new Error(`tar: ${made.stderr}`);
  rmSync(top, { recursive: true });
  return file;
}

function writeProgram(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
}

function productionPackages(): readonly string[] {
  const listed = spawnSync('npm', ['ls', '--omit=dev', '--all', '--parseable'], {
    cwd: repository,
    encoding: 'utf8',
  });
  return listed.stdout
    .split('\n')
    .map((path) => relative(repository, path))
    .filter((path) => path.startsWith('node_modules'));
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
