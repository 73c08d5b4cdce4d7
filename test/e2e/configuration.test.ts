import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import type { Variable } from '../../services/control/variable-kinds.ts';
import { VARIABLES, type VariableName } from '../../services/control/variables.ts';

const MAIN = resolve(import.meta.dirname, '../../services/control/main.ts');
/** What any text may stand for is found out when it is used: see below. */
const ANY_TEXT = new Set(['BLENDER', 'FLAMENCO_DIR', 'IGNORE_GLOBS']);

describe('npm start with settings that cannot be used', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-configuration-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

  function start(env: Readonly<Record<string, string>>, args: readonly string[] = []): string {
    const ended = spawnSync(process.execPath, [MAIN, ...args], {
      cwd: folder,
      env: { ...process.env, ...env },
      encoding: 'utf8',
      timeout: 60_000,
    });
    const said = ended.stdout + ended.stderr;
    assert.equal(ended.status, 1, said);
    assert.doesNotMatch(said, /^\s+at /m, 'no stack: it is no fault of the program');
    return said;
  }

  test('names every variable and flag that is wrong, with what to do, and touches nothing', () => {
    const names = Object.keys(VARIABLES).filter((name) => !ANY_TEXT.has(name));
    const said = start(Object.fromEntries(names.map((name) => [name, 'wrong'])), [
      '--max-workers',
      '0',
      '--idel-seconds',
      '5',
    ]);
    const lines = said.split('\n');
    for (const name of names) {
      const { isSecret } = VARIABLES[name as VariableName] as Variable<unknown>;
      const label = isSecret === true ? name : `${name}=wrong`;
      const line = lines.find((one) => one.includes(`- ${label} cannot be used`));
      assert.match(line ?? '', /It decides: .* Allowed: .*leave it out/, `${name} in ${said}`);
    }
    assert.match(said, /--max-workers 0 cannot be used: .*Give 1 to 9999/);
    assert.match(said, /--idel-seconds is no option.*Did you mean --idle-seconds\?/);
    assert.deepEqual(readdirSync(folder), []);
  });

  test('says which program is not where it should be', () => {
    const args = ['--bucket', join(folder, 'programs'), '--port', '0'];
    const nowhere = join(folder, 'nowhere');
    assert.match(
      start({ BLENDER: nowhere }, args),
      /BLENDER: there is no program .*nowhere\. Correct the path/,
    );
    assert.match(
      start({ FLAMENCO_DIR: nowhere }, args),
      /FLAMENCO_DIR: neither .* is in .*nowhere\. Correct the path/,
    );
  });

  test('says that the port is taken, and that the bucket is no folder', async (t) => {
    const server = createServer();
    t.after(() => server.close());
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    writeFileSync(join(folder, 'file'), '');
    const said = start({}, ['--bucket', join(folder, 'port'), '--port', port]);
    assert.match(said, /PORT=\d+ cannot be used: another program listens there\. Give another one/);
    assert.deepEqual(readdirSync(join(folder, 'port', 'scenes')), [], 'no sample was put there');
    assert.match(
      start({}, ['--bucket', 'file', '--port', '0']),
      /--bucket file cannot be used: it must be a folder/,
    );
  });
});
