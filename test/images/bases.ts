// The base images, made here under their real names, as none can be downloaded on a machine without a registry.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Engine } from './engine.ts';

const DEBIAN = 'debian:trixie-slim';
const NODE = 'node:24-trixie-slim';
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** Takes the images that are there already. */
export function makeBases(engine: Engine, folder: string): void {
  if (engine.tryDocker('image', 'inspect', DEBIAN).code !== 0) importDebian(engine, join(folder, 'debian'));
  if (engine.tryDocker('image', 'inspect', NODE).code !== 0) importNode(engine, folder);
}

function importDebian(engine: Engine, root: string): void {
  // A half-made one of an earlier try would be taken for whole.
  rmSync(root, { recursive: true, force: true });
  run('debootstrap', '--variant=minbase', 'trixie', root);
  importFolder(engine, root, DEBIAN, []);
}

/** Debian with this project's Node and this machine's npm, certificates and registry. */
function importNode(engine: Engine, folder: string): void {
  const root = join(folder, 'node');
  rmSync(root, { recursive: true, force: true });
  run('cp', '-a', join(folder, 'debian'), root);
  const node = realpathSync(process.execPath);
  cpSync(node, join(root, 'usr/local/bin/node'));
  const npm = dirname(dirname(realpathSync(run('which', 'npm').trim())));
  cpSync(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
  run('ln', '-sf', '../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'));
  const registry = run('npm', 'config', 'get', 'registry').trim();
  const changes = [`ENV NPM_CONFIG_REGISTRY=${registry}`];
  if (existsSync(CERTIFICATES)) {
    mkdirSync(join(root, 'usr/local/share'), { recursive: true });
    cpSync(CERTIFICATES, join(root, 'usr/local/share/npm-certificates.crt'));
    changes.push('ENV NODE_EXTRA_CA_CERTS=/usr/local/share/npm-certificates.crt');
  }
  importFolder(engine, root, NODE, changes);
}

function importFolder(engine: Engine, root: string, name: string, changes: readonly string[]): void {
  const archive = `${root}.tar`;
  run('tar', '-C', root, '-cf', archive, '--exclude=./var/cache/apt/archives/*.deb', '.');
  engine.docker('import', ...changes.flatMap((change) => ['--change', change]), archive, name);
  rmSync(archive);
}

function run(command: string, ...args: readonly string[]): string {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (done.status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${done.status}:\n${done.stdout}${done.stderr}`);
  return done.stdout;
}
