// Google's own program and rclone against our stand-in for Cloud Storage: that it answers as they expect is what makes
// the tests of test/gcp worth something.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { type StorageStandIn, startStorage } from '../gcp/storage/stand-in.ts';

const MIB = 1024 * 1024;
/** More than one chunk of a resumable upload, and no multiple of one. */
const BIG = 20 * MIB + 12_345;

const without = (program: string) =>
  spawnSync(program, ['version']).error === undefined ? false : `${program} is not on this machine`;

async function world(t: TestContext) {
  const storage = await startStorage();
  t.after(() => storage.close());
  const dir = mkdtempSync(join(tmpdir(), 'tablao-clients-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const big = Buffer.alloc(BIG);
  for (let at = 0; at < BIG; at += 4) big.writeUInt32LE((at * 2654435761) >>> 0, Math.min(at, BIG - 4));
  writeFileSync(join(dir, 'big.blend'), big);
  writeFileSync(join(dir, 'shot 1.blend'), 'BLENDER');
  return { storage, dir, big };
}

describe('gcloud storage', { skip: without('gcloud') }, () => {
  function gcloud(storage: StorageStandIn, dir: string, args: readonly string[], input?: string) {
    const env = {
      ...process.env,
      CLOUDSDK_CONFIG: join(dir, 'gcloud'),
      CLOUDSDK_CORE_PROJECT: 'demo',
      CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
      CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
      CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
      CLOUDSDK_AUTH_DISABLE_CREDENTIALS: '1',
      CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: `${storage.url}/storage/v1/`,
    };
    const running = promisify(execFile)('gcloud', ['storage', ...args], {
      env,
      maxBuffer: 64 * MIB,
      encoding: 'buffer',
    });
    running.child.stdin?.end(input);
    return running.then(({ stdout }) => stdout);
  }

  test('uploads, lists, reads and removes', async (t) => {
    const { storage, dir, big } = await world(t);
    const run = (...args: string[]) => gcloud(storage, dir, args);
    await run('cp', join(dir, 'shot 1.blend'), join(dir, 'big.blend'), 'gs://scenes/film/');
    assert.deepEqual(storage.find('scenes', 'film/big.blend')?.bytes, big);
    assert.equal(String(storage.find('scenes', 'film/shot 1.blend')?.bytes), 'BLENDER');

    const listed = String(await run('ls', 'gs://scenes/film/**'))
      .trim()
      .split('\n');
    assert.deepEqual(listed, ['gs://scenes/film/big.blend', 'gs://scenes/film/shot 1.blend']);
    assert.equal(String(await run('cat', 'gs://scenes/film/shot 1.blend')), 'BLENDER');
    assert.equal(String(await run('cat', '--range=2-4', 'gs://scenes/film/shot 1.blend')), 'END');
    await run('cp', 'gs://scenes/film/big.blend', join(dir, 'back.blend'));
    assert.deepEqual(readFileSync(join(dir, 'back.blend')), big);
    await run('rm', 'gs://scenes/film/big.blend');
    assert.equal(storage.find('scenes', 'film/big.blend'), null);
  });

  test('a resumable upload goes on after the server failed in the middle', async (t) => {
    const { storage, dir, big } = await world(t);
    storage.fail(/^PUT .*upload_id/, { kind: 'status', status: 503 });
    storage.fail(/^PUT .*upload_id/, { kind: 'reset', acts: true });
    await gcloud(storage, dir, ['cp', join(dir, 'big.blend'), 'gs://scenes/big.blend']);
    assert.deepEqual(storage.find('scenes', 'big.blend')?.bytes, big);
    assert.ok(storage.asked.filter((line) => /^PUT .*upload_id/.test(line)).length > 2);
  });

  test('writes only over the generation that it names', async (t) => {
    const { storage, dir } = await world(t);
    const { generation } = storage.put('scenes', 'a.blend', 'one');
    const copy = (condition: string) =>
      gcloud(storage, dir, [
        'cp',
        `--if-generation-match=${condition}`,
        join(dir, 'shot 1.blend'),
        'gs://scenes/a.blend',
      ]);
    await assert.rejects(copy('0'));
    assert.equal(String(storage.find('scenes', 'a.blend')?.bytes), 'one');
    await copy(generation);
    assert.equal(String(storage.find('scenes', 'a.blend')?.bytes), 'BLENDER');
  });
});

describe('rclone', { skip: without('rclone') }, () => {
  function rclone(storage: StorageStandIn, ...args: string[]) {
    const env = {
      ...process.env,
      RCLONE_CONFIG: '/dev/null',
      RCLONE_CONFIG_G_TYPE: 'google cloud storage',
      RCLONE_CONFIG_G_ANONYMOUS: 'true',
      RCLONE_CONFIG_G_ENDPOINT: `${storage.url}/storage/v1/`,
      RCLONE_CONFIG_G_BUCKET_POLICY_ONLY: 'true',
      RCLONE_CONFIG_G_NO_CHECK_BUCKET: 'true',
    };
    return promisify(execFile)('rclone', [...args, '--retries', '1'], { env, maxBuffer: 64 * MIB }).then(
      ({ stdout }) => stdout,
    );
  }

  test('copies there and back, sees the same files, and finds its checksums right', async (t) => {
    const { storage, dir, big } = await world(t);
    await rclone(storage, 'copy', dir, 'g:scenes/film', '--include', '*.blend');
    assert.deepEqual(storage.find('scenes', 'film/big.blend')?.bytes, big);
    assert.ok(
      storage.requests.some(({ headers }) => headers['x-guploader-no-308'] === 'yes'),
      'it uploaded in chunks, without 308',
    );
    const names = (await rclone(storage, 'lsf', '-R', 'g:scenes')).trim().split('\n').sort();
    assert.deepEqual(names, ['film/', 'film/big.blend', 'film/shot 1.blend']);
    await rclone(storage, 'check', dir, 'g:scenes/film', '--include', '*.blend', '--download');
    assert.equal(await rclone(storage, 'cat', 'g:scenes/film/shot 1.blend'), 'BLENDER');
    await rclone(storage, 'delete', 'g:scenes/film');
    assert.equal(await rclone(storage, 'lsf', '-R', 'g:scenes'), '');
  });
});
