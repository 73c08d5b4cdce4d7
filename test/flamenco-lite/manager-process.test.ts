import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parseDuration } from '../../services/flamenco-lite/config/duration.ts';
import { startLite } from './lite-manager.ts';

const program = join(import.meta.dirname, '../../services/flamenco-lite/manager.ts');

function startProcess(t: TestContext, yaml: string) {
  const folder = mkdtempSync(join(tmpdir(), 'flamenco-lite-'));
  writeFileSync(join(folder, 'flamenco-manager.yaml'), yaml);
  const child = spawn(process.execPath, [program], { cwd: folder });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const firstLine = new Promise<string>((resolve) => {
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text));
  });
  t.after(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  return { child, exit, firstLine, errors: () => errors };
}

describe("the manager's process", () => {
  test('says where it listens, answers there, and ends with 0 on SIGTERM', async (t) => {
    const manager = startProcess(t, '_meta: {version: 3}\nlisten: 127.0.0.1:0\nmanager_name: Carmen\n');
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await manager.firstLine)?.[0];
    const version = await fetch(`${url}/api/v3/version`);
    assert.equal(((await version.json()) as { name: string }).name, 'Carmen');
    manager.child.kill('SIGTERM');
    assert.equal(await manager.exit, 0);
  });

  const unusable: readonly (readonly [string, string, RegExp])[] = [
    ['another version', '_meta: {version: 2}\n', /only version 3 is supported/],
    ['a duration that is none', '_meta: {version: 3}\ntask_timeout: soon\n', /"soon" is no duration/],
  ];
  for (const [what, yaml, words] of unusable) {
    test(`ends with 1 and words for a configuration with ${what}`, async (t) => {
      const manager = startProcess(t, yaml);
      assert.equal(await manager.exit, 1);
      assert.match(manager.errors(), words);
    });
  }
});

describe('the configuration', () => {
  test('is read again when it is asked for, limits included', async (t) => {
    const lite = await startLite(t);
    const path = join(lite.folder, 'flamenco-manager.yaml');
    const before = (await lite.call('GET', 'configuration')).body;
    assert.deepEqual(before, {
      storageLocation: join(lite.folder, 'shared'),
      shamanEnabled: false,
      isFirstRun: false,
    });
    writeFileSync(
      path,
      `${readFileSync(path, 'utf8')}task_fail_after_softfail_count: 1\nmanager_name: New\n`,
    );
    assert.notEqual((await lite.call('GET', 'version')).body.name, 'New');
    await lite.call('GET', 'configuration');
    assert.equal((await lite.call('GET', 'version')).body.name, 'New');
    assert.equal(lite.farm.limits().taskFailAfterSoftFailCount, 1);
  });

  test('can be replaced, file and all', async (t) => {
    const lite = await startLite(t);
    const values = (await lite.call('GET', 'configuration/file')).body;
    const changed = { ...values, manager_name: 'Replaced' };
    assert.equal((await lite.call('PUT', 'configuration/file', changed)).status, 204);
    assert.equal((await lite.call('GET', 'version')).body.name, 'Replaced');
    assert.match(readFileSync(join(lite.folder, 'flamenco-manager.yaml'), 'utf8'), /manager_name: Replaced/);
  });

  test('has variables by platform and audience, of which two-way ones are recognised in submissions', async (t) => {
    const lite = await startLite(t, {
      config: [
        'variables:',
        '  blender: {values: [{platform: all, value: any}, {platform: linux, value: /opt/blender}]}',
        '  secret: {values: [{platform: linux, audience: users, value: for people}]}',
        '  disk: {is_twoway: true, values: [{platforms: [linux, darwin], value: /Mnt/disk/}]}',
      ].join('\n'),
    });
    const variables = async (who: string) => (await lite.call('GET', `configuration/variables/${who}`)).body;
    assert.deepEqual(await variables('workers/linux'), {
      blender: { value: '/opt/blender', is_twoway: false },
      disk: { value: '/Mnt/disk', is_twoway: true },
      jobs: { value: join(lite.folder, 'shared'), is_twoway: false },
    });
    assert.equal((await variables('users/linux')).secret.value, 'for people');
    assert.equal((await variables('workers/windows')).blender.value, 'any');
    const settings = { message: '/mnt/DISK/a.blend', sleep_repeats: 0 };
    const id = await lite.submit({ submitter_platform: 'linux', settings });
    assert.equal((await lite.call('GET', `jobs/${id}`)).body.settings.message, '{disk}/a.blend');
    const worker = await lite.addWorker('one');
    assert.equal((await worker.take()).body.commands[0].parameters.message, '/Mnt/disk/a.blend');
  });

  test('writes durations as Go does', () => {
    assert.equal(parseDuration('90s'), 90_000);
    assert.equal(parseDuration('1h30m'), 5_400_000);
    assert.equal(parseDuration('1.5s'), 1_500);
    assert.equal(parseDuration('250ms'), 250);
    assert.equal(parseDuration('0'), 0);
    assert.throws(() => parseDuration('5'), /no duration/);
  });
});
