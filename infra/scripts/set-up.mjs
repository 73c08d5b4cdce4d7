// Makes this machine ready, then gets out of the way: npm packages through the lock file, and Blender and ffmpeg
// where they can be installed without asking. Plain JavaScript without dependencies: it runs before anything is
// installed, on whatever Node (>= 20) the machine has. With --tests also what only tests need: a browser, and on Linux
// what mounts a bucket.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..', '..');
const isWindows = process.platform === 'win32';

const MOUNTING = process.platform === 'linux' ? ['rclone', 'fuse3'] : [];
/** What to install, by the names of Debian's packages. */
const programs = [
  'blender',
  'ffmpeg',
  ...(process.argv.includes('--tests') ? ['chromium', ...MOUNTING] : []),
];
/** Where the program is not called as its package. */
const CALLED = { fuse3: 'fusermount3' };

const BREW = {
  blender: 'brew install --cask blender',
  ffmpeg: 'brew install ffmpeg',
  chromium: 'brew install --cask chromium',
};
const WINGET = {
  blender: 'BlenderFoundation.Blender',
  ffmpeg: 'Gyan.FFmpeg',
  chromium: 'Hibbiki.Chromium',
};

installPackages();
installPrograms();

function installPackages() {
  const marker = join(root, 'node_modules', '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  const fresh = existsSync(marker) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs;
  if (fresh && existsSync(join(root, 'node_modules', '.bin', isWindows ? 'node.cmd' : 'node'))) return;
  say('installing npm packages (npm ci)');
  const done = run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (done !== 0) stop('npm ci failed. Fix what it says above (is the network there?) and run this again.');
}

function installPrograms() {
  const missing = programs.filter((name) => !isAtHand(name));
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (isDebian() && process.getuid?.() === 0) {
    say(`installing ${missing.join(' and ')} (${command})`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    run('apt-get', ['update', '-qq'], env);
    const done = run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], env);
    if (done !== 0) say('apt-get failed; going on without. See above for the reason.');
    return;
  }
  for (const line of howToInstall(missing, command)) say(line);
}

/** Blender may also stand where its own installers put it. BLENDER and CHROMIUM name one that stands elsewhere. */
function isAtHand(name) {
  if (['blender', 'chromium'].includes(name) && process.env[name.toUpperCase()]) return true;
  const places = (process.env.PATH ?? '')
    .split(delimiter)
    .map((dir) => join(dir, isWindows ? `${name}.exe` : (CALLED[name] ?? name)));
  if (name === 'blender') places.push('/Applications/Blender.app/Contents/MacOS/Blender');
  return places.some((place) => existsSync(place));
}

function isDebian() {
  if (process.platform !== 'linux' || !existsSync('/etc/os-release')) return false;
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
}

function howToInstall(missing, command) {
  const what = missing.join(' and ');
  if (process.platform === 'darwin')
    return [`${what} not found. Install with: ${missing.map((name) => BREW[name]).join(' && ')}`];
  if (isWindows)
    return [
      `${what} not found. Install with: winget install ${missing.map((name) => WINGET[name]).join(' ')}`,
    ];
  if (isDebian()) return [`${what} not found. Install with: sudo ${command}`];
  return [
    `${what} not found. Install with your package manager, or unpack Blender and set BLENDER=/path/to/blender`,
  ];
}

function run(command, args, env = process.env) {
  return spawnSync(command, args, { cwd: root, env, stdio: ['ignore', 2, 2], shell: isWindows }).status;
}

function say(line) {
  process.stderr.write(`tablao: ${line}\n`);
}

function stop(line) {
  say(line);
  process.exit(1);
}
