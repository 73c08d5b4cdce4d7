import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Renders } from '../../services/control/ports/buckets.ts';
import { isPortError } from '../../services/control/ports/errors.ts';

export function describeRendersContract(
  name: string,
  makePort: (t: { after(fn: () => unknown): void }) => Promise<Renders> | Renders,
): void {
  const bytes = (text: string) => new TextEncoder().encode(text);

  describe(`renders contract: ${name}`, () => {
    test('what is not there is an empty list, and notFound to read', async (t) => {
      const renders = await makePort(t);
      assert.deepEqual(await renders.list('film/shot/v001/'), []);
      await assert.rejects(renders.read('film/a.png', 0, 4), (error) => isPortError(error, 'notFound'));
    });

    test('lists by prefix, which need not end at a folder', async (t) => {
      const renders = await makePort(t);
      for (const path of [
        's/v001/s_0001.png',
        's/v001/outputs/z/0001.exr',
        's/v001/s_0002.png',
        's/v002/a.png',
      ])
        await renders.write(path, bytes('x'), 'image/png');
      const paths = async (prefix: string) => (await renders.list(prefix)).map(({ path }) => path).sort();
      assert.deepEqual(await paths('s/v001/'), [
        's/v001/outputs/z/0001.exr',
        's/v001/s_0001.png',
        's/v001/s_0002.png',
      ]);
      assert.deepEqual(await paths('s/v001/s_'), ['s/v001/s_0001.png', 's/v001/s_0002.png']);
      assert.equal((await paths('')).length, 4);
    });

    test('writes whole objects over what was there, and reads ranges', async (t) => {
      const renders = await makePort(t);
      await renders.write('s/report.json', bytes('{"old": true, "long": 1}'), 'application/json');
      const [before] = await renders.list('s/report.json');
      await renders.write('s/report.json', bytes('{"new": 1}'), 'application/json');
      const [after] = await renders.list('s/report.json');
      assert.equal(after?.size, 10);
      assert.notEqual(after?.generation, before?.generation);
      const tail = await renders.read('s/report.json', 2, 100);
      assert.equal(new TextDecoder().decode(tail), 'new": 1}');
    });
  });
}
