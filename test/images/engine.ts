// Debian's Docker Engine, started for the test alone: its own socket, its own data, no network but the host's.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Not the first `docker` of the PATH, which may be somebody's client of somewhere else. */
const CLIENT = '/usr/bin/docker';
const PACKAGES = ['docker.io', 'debootstrap'];

export interface Engine {
  /** Runs a docker command; throws with what it said when it fails. */
  readonly docker: (...args: readonly string[]) => string;
  /** The same, as it ended. */
  readonly tryDocker: (...args: readonly string[]) => Ended;
  /** Builds while this process goes on: it may be what the build downloads from. Throws with the build's log. */
  readonly build: (...args: readonly string[]) => Promise<void>;
  readonly stop: () => Promise<void>;
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
}

/** Why the images cannot be built here; `false` = they can. */
export const engineAbsent =
  process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/etc/debian_version')
    ? false
    : 'needs root on Debian: it installs and starts a Docker Engine of its own';

/** Images and layers stay in `folder`, so that the next start is quick. */
export async function startEngine(folder: string): Promise<Engine> {
  installPackages();
  mkdirSync(folder, { recursive: true });
  const socket = `unix://${folder}/docker.sock`;
  const args = ['--host', socket, '--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')];
  const network = ['--bridge=none', '--iptables=false', '--ip6tables=false'];
  rmSync(join(folder, 'docker.pid'), { force: true });
  const log = openSync(join(folder, 'dockerd.log'), 'w');
  const daemon = spawn(
    'dockerd',
    [...args, ...network, '--pidfile', join(folder, 'docker.pid'), '--storage-driver=overlay2'],
    { stdio: ['ignore', log, log] },
  );
  const ended = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
  const env = { ...process.env, DOCKER_HOST: socket, DOCKER_BUILDKIT: '1', BUILDKIT_PROGRESS: 'plain' };
  const tryDocker = (...command: readonly string[]): Ended => {
    const done = spawnSync(CLIENT, command, { env, encoding: 'utf8', maxBuffer: 1 << 28 });
    return { code: done.status, out: `${done.stdout}${done.stderr}`.trim() };
  };
  for (let tries = 0; tryDocker('version').code !== 0; tries += 1) {
    if (tries > 60 || daemon.exitCode !== null)
      throw new Error(`dockerd did not start:\n${readFileSync(join(folder, 'dockerd.log'), 'utf8')}`);
    await delay(500);
  }
  return {
    tryDocker,
    docker: (...command) => {
      const { code, out } = tryDocker(...command);
      if (code !== 0) throw new Error(`docker ${command.join(' ')} ended with ${code}:\n${out}`);
      return out;
    },
    build: async (...args) => {
      const child = spawn(CLIENT, ['build', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      let out = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          out += text;
        });
      const code = await new Promise((resolve) => child.once('close', resolve));
      if (code !== 0)
        throw new Error(`docker build ${args.join(' ')} ended with ${code}:\n${out.slice(-8000)}`);
    },
    stop: async () => {
      daemon.kill('SIGTERM');
      await ended;
    },
  };
}

function installPackages(): void {
  if (existsSync('/usr/sbin/dockerd') && existsSync('/usr/sbin/debootstrap')) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', ...PACKAGES],
  ]) {
    const done = spawnSync('apt-get', args, { env, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`apt-get ${args.join(' ')}: ${done.stderr}`);
  }
}
