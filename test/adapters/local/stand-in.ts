// Stands in for Flamenco's programs: `stand-in.ts manager` in a folder with flamenco-manager.yaml, or
// `stand-in.ts worker …`. STAND_IN says how it behaves: `broken` ends at once, `stubborn` does not hear SIGTERM.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const behaviour = process.env.FLAMENCO_LITE_STAND_IN ?? '';
const [half] = process.argv.slice(2);

if (behaviour === 'broken') {
  process.stderr.write('the stand-in is broken\n');
  process.exit(3);
}
process.on('SIGTERM', () => {
  if (behaviour !== 'stubborn') process.exit(half === 'worker' ? 1 : 0);
});
if (half === 'manager') answer();
else if (behaviour === 'stubborn') renderElsewhere();
setInterval(() => undefined, 1000);

function answer(): void {
  const config = JSON.parse(readFileSync('flamenco-manager.yaml', 'utf8'));
  const version = JSON.stringify({ version: '3.9', shortversion: '3.9', name: config.manager_name, git: '' });
  createServer((_, response) => response.end(version)).listen(
    Number(config.listen.split(':')[1]),
    '127.0.0.1',
  );
}

/** As Flamenco's worker runs Blender: in a process group of its own. */
function renderElsewhere(): void {
  spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { detached: true, stdio: 'ignore' });
}
