import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeFlatShots } from './flat-shots.ts';
import { cannotRender, framesOf, startService, untilAtRest, untilRun } from './service.ts';

/** What stands in a render.json, and what is said of it. */
const WRONG: Readonly<Record<string, readonly [string | Buffer, RegExp]>> = {
  'no-json': ['frames: 1-2', /no-json\.render\.json: is no JSON/],
  'cut-short': ['{"frames": "1"', /cut-short\.render\.json: is no JSON/],
  'utf-16': [Buffer.from('\ufeff{"frames": "1"}', 'utf16le'), /utf-16\.render\.json: is no JSON/],
  'unknown-key': [
    '{"resolutionPercnt": 50}',
    /unknown key "resolutionPercnt" \(did you mean "resolutionPercent"\?\)/,
  ],
  'wrong-type': ['{"samples": "many"}', /samples: .*expected.* number/],
  'a-list': ['["frames"]', /a-list\.render\.json: .*expected object/],
  huge: [`{"frames": "1"${' '.repeat(9 * 1024 * 1024)}}`, /huge\.render\.json: is larger than \d+ bytes/],
};

describe('a wrong render.json', { skip: cannotRender }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-settings-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

  test('is refused with what is wrong in it, and the run starts by itself when it is right', async (t) => {
    const bucket = join(folder, 'bucket');
    const scenes = join(bucket, 'scenes');
    mkdirSync(scenes, { recursive: true });
    const shot = join(folder, 'shot.blend');
    makeFlatShots([{ file: shot }]);
    for (const [name, [text]] of Object.entries(WRONG)) {
      copyFileSync(shot, join(scenes, `${name}.blend`));
      writeFileSync(join(scenes, `${name}.render.json`), text);
    }
    const service = await startService(t, { bucket, env: { CHECK_FIRST: 'never' } });
    for (const [name, [, why]] of Object.entries(WRONG)) {
      const { reason } = await untilRun(service, name, ['rejected']);
      assert.equal(reason?.code, 'badSettings', name);
      assert.match(reason?.message ?? '', why, name);
    }
    for (const name of ['no-json', 'huge'])
      writeFileSync(join(scenes, `${name}.render.json`), '\ufeff{"frames": "2", "video": false}\r\n');
    for (const name of ['no-json', 'huge']) {
      await untilRun(service, name, ['completed']);
      assert.deepEqual(framesOf(bucket, `${name}/v001`), ['f_002.png']);
    }
    const { runs } = await untilAtRest(service);
    assert.equal(runs.length, Object.keys(WRONG).length + 2);
    assert.equal(await service.stop(), 0);
  });
});
