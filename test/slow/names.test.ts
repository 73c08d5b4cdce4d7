import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeFlatShots } from '../e2e/flat-shots.ts';
import { cannotRender, framesOf, startService, until, untilAtRest, untilRun } from '../e2e/service.ts';

/** Shots whose names are odd but right, and what their first frame is called. */
const ODD_NAMES: readonly (readonly [string, string])[] = [
  ['gr\u00fcn \u65e5\u672c', 'gr\u00fcn \u65e5\u672c_0001.png'],
  // The same letters, put together otherwise: another file.
  ['gru\u0308n \u65e5\u672c', 'gru\u0308n \u65e5\u672c_0001.png'],
  [' 100%s  %20 ', ' 100%s  %20 _0001.png'],
  ['-y #1 *best* [x] ok?', '-y _1 _best_ _x_ ok__0001.png'],
  [`it's "so" $(touch pwned) \`touch pwned\`;&|`, `it's _so_ $(touch pwned) \`touch pwned\`;&__0001.png`],
  // 255 bytes with its ending, of which a frame can keep a part only.
  ['\u65e5'.repeat(83), `${'\u65e5'.repeat(40)}0001.png`],
];

/** What `POST /uploads` must not take. */
const BAD_UPLOADS: readonly (readonly [string, RegExp])[] = [
  ['../evil.blend', /has \. or \.\. as a folder/],
  ['film/../../evil.blend', /has \. or \.\. as a folder/],
  ['/tmp/evil.blend', /begins with \//],
  ['film//evil.blend', /an empty folder name/],
  ['film\\..\\..\\evil.blend', /has a backslash/],
  ['evil\u0000.blend', /has control characters/],
  ['evil\n.blend', /has control characters/],
  ['.ssh/evil.blend', /begins with a dot/],
  ['{jobs}/evil.blend', /has \{ or \}/],
  [`${'x'.repeat(250)}.blend`, /longer than 255 bytes/],
  [`${'film/'.repeat(210)}evil.blend`, /longer than 1024 bytes/],
];

describe('names', { skip: cannotRender }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-names-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const bucket = join(folder, 'surroundings/bucket');
  const scenes = join(bucket, 'scenes');
  const plain = join(folder, 'plain.blend');
  const leaving = join(folder, 'leaving.blend');
  makeFlatShots([
    { file: plain, frames: 1, output: '//' },
    { file: leaving, frames: 1, image: '//../../../secret.png' },
  ]);
  mkdirSync(scenes, { recursive: true });
  writeFileSync(join(folder, 'surroundings/secret.png'), 'not yours');
  copyFileSync(plain, join(folder, 'surroundings/elsewhere.blend'));

  test('odd ones are rendered, wrong ones are refused in words, and nothing outside the bucket is touched', async (t) => {
    const before = surroundings();
    for (const [name] of ODD_NAMES) {
      copyFileSync(plain, join(scenes, `${name}.blend`));
      // The longest has no room for it.
      if (Buffer.byteLength(name) < 200)
        writeFileSync(join(scenes, `${name}.render.json`), '{"video": false}');
    }
    copyFileSync(plain, join(scenes, 'a{b}.blend'));
    copyFileSync(leaving, join(scenes, 'leaving.blend'));
    copyFileSync(
      plain,
      Buffer.concat([Buffer.from(`${scenes}/`), Buffer.from([0xff, 0xfe]), Buffer.from('.blend')]),
    );
    symlinkSync('../../elsewhere.blend', join(scenes, 'way-out.blend'));
    symlinkSync('../..', join(scenes, 'folder-out'));
    const service = await startService(t, { bucket, env: { MAX_AT_ONCE: '100', CHECK_FIRST: 'never' } });

    for (const [path, why] of BAD_UPLOADS) {
      const answer = await service.post('/uploads', { path, size: 3 });
      assert.equal(answer.status, 400, path);
      assert.match(JSON.stringify(answer.body), why, path);
      const event = { message: { attributes: { eventType: 'OBJECT_FINALIZE', objectId: path } } };
      assert.equal((await service.post('/events/storage', event)).status, 204, path);
    }
    const braces = await untilRun(service, 'a{b}', ['rejected']);
    assert.match(braces.reason?.message ?? '', /"a\{b\}\.blend" has braces/);
    const missing = await until(
      'what is missing',
      async () => {
        const [run] = await service.runsOf('leaving');
        return run?.reason?.code === 'missingFiles' && run.reason.message;
      },
      service.status,
    );
    assert.match(missing, /\/\/\.\.\/\.\.\/\.\.\/secret\.png \(leads out of the bucket, in leaving\.blend\)/);
    for (const [name] of ODD_NAMES) await untilRun(service, name, ['completed']);
    for (const [name, frame] of ODD_NAMES) assert.deepEqual(framesOf(bucket, `${name}/v001`), [frame]);
    const { runs } = await service.status();
    assert.equal(runs.length, ODD_NAMES.length + 2, 'and nothing else became a run');
    assert.match(readFileSync(join(bucket, '.tablao/tablao.log'), 'utf8'), /its name is no UTF-8/);
    const [waiting] = await service.runsOf('leaving');
    await service.post(`/runs/${waiting?.id}/cancel`, {});
    await untilAtRest(service);
    assert.equal(await service.stop(), 0);
    assert.deepEqual(surroundings(), before);
    const all = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    assert.deepEqual(
      all.filter((path) => path.endsWith('pwned')),
      [],
    );
  });

  /** All around the bucket, with sizes and times. */
  function surroundings(): readonly string[] {
    const root = join(folder, 'surroundings');
    return readdirSync(root).flatMap((name) => {
      if (name === 'bucket') return [];
      const { size, mtimeMs } = statSync(join(root, name));
      return [`${name} ${size} ${mtimeMs}`];
    });
  }
});
