// Other Blenders than the machine's own: Debian's of later releases, each in a folder that it is installed in.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Release and, by the time of writing, its Blender: 4.3.2 and 5.2.2. */
const RELEASES = ['trixie', 'sid'];
/**
 * EEVEE and Workbench draw through these, and so does the compositor of 5.2: a Blender without them ends with 134. ffmpeg
 * makes the preview video.
 */
const PACKAGES = ['blender', 'libegl1', 'libgl1', 'libgl1-mesa-dri', 'libegl-mesa0', 'ffmpeg'];
/** The same files inside and outside: the kit, and what the tests make. */
const SHARED = [tmpdir(), resolve(import.meta.dirname, '../..'), '/proc', '/dev'];

const CACHE = join(tmpdir(), 'tablao-blenders');

export interface Chroots {
  /** Programs that are called like Blender. */
  readonly blenders: readonly string[];
  /** Takes the mounts away; the installed folders stay for the next time. */
  close(): void;
}

/** Why no Blender can be installed here, or `null`. */
export function cannotInstall(): string | null {
  if (process.getuid?.() !== 0) return 'installing them needs root';
  if (!existsSync('/etc/debian_version')) return 'installing them needs Debian';
  if (spawnSync('debootstrap', ['--version']).status !== 0) return 'installing them needs debootstrap';
  return null;
}

/** Installs what is not there yet (a minute or two for each release) and opens all. */
export function openChroots(say: (line: string) => void): Chroots {
  const mounted: string[] = [];
  const close = () => {
    for (const target of mounted.splice(0).reverse()) must('umount', ['--lazy', target]);
  };
  try {
    const blenders = RELEASES.map((release) => {
      const dir = install(release, say);
      for (const source of SHARED) {
        const target = join(dir, source);
        mkdirSync(target, { recursive: true });
        // One that a killed run has left behind is as good, and goes with the others.
        if (!readFileSync('/proc/mounts', 'utf8').includes(` ${target} `))
          must('mount', ['--bind', source, target]);
        mounted.push(target);
      }
      return writeWrapper(release, dir);
    });
    return { blenders, close };
  } catch (error) {
    close();
    throw error;
  }
}

function install(release: string, say: (line: string) => void): string {
  const dir = join(CACHE, release);
  if (existsSync(dir)) {
    // One that an earlier version of this list made.
    if (!hasAllPackages(dir)) addPackages(dir);
    return dir;
  }
  say(`installing Debian ${release} with its Blender in ${dir}`);
  // A half-made one has another name, so that it is never taken for a whole one.
  const making = `${dir}.making`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  must('debootstrap', ['--variant=minbase', release, making, mirror()]);
  writeFileSync(join(making, 'etc/resolv.conf'), readFileSync('/etc/resolv.conf'));
  addPackages(making);
  renameSync(making, dir);
  return dir;
}

function hasAllPackages(dir: string): boolean {
  const { status, stdout } = spawnSync('chroot', [dir, 'dpkg', '--get-selections', ...PACKAGES]);
  return status === 0 && String(stdout).match(/\tinstall$/gm)?.length === PACKAGES.length;
}

function addPackages(dir: string): void {
  // A mirror may be weeks behind; sid's lists are valid for one.
  must('chroot', [dir, 'apt-get', 'update', '-q', '-o', 'Acquire::Check-Valid-Until=false']);
  must('chroot', [dir, 'apt-get', 'install', '-y', '-q', '--no-install-recommends', ...PACKAGES]);
}

/** Where this machine itself gets its packages from. */
function mirror(): string {
  const { stdout } = spawnSync('apt-get', ['indextargets', '--format', '$(SITE)'], { encoding: 'utf8' });
  return stdout.split('\n').find((line) => line.startsWith('http')) ?? 'http://deb.debian.org/debian';
}

function writeWrapper(release: string, dir: string): string {
  const path = join(CACHE, `blender-${release}`);
  writeFileSync(path, `#!/bin/sh\nexec chroot '${dir}' /usr/bin/blender "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

function must(program: string, args: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const ran = spawnSync(program, args, { env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (ran.status === 0) return;
  const said = `${ran.stdout ?? ''}${ran.stderr ?? ''}${ran.error ?? ''}`
    .trim()
    .split('\n')
    .slice(-5)
    .join('\n');
  throw new Error(`${program} ${args.join(' ')} failed:\n${said}`);
}
