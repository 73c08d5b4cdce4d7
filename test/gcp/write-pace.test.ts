import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { createWritePace } from '../../services/control/adapters/gcp/write-pace.ts';

describe('pace of writes', () => {
  test('a process that has nothing else to do stays until its second write is done', async () => {
    const module = import.meta.resolve('../../services/control/adapters/gcp/write-pace.ts');
    const script = `
      const { createWritePace } = await import(${JSON.stringify(module)});
      const pace = createWritePace(50);
      for (const text of ['one', 'two']) await pace('a', async () => console.log(text));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    assert.equal(stdout, 'one\ntwo\n');
  });

  test('writes of one object never overlap, those of others do, and one that fails keeps nobody back', async () => {
    const pace = createWritePace(1);
    const running: string[] = [];
    let most = 0;
    const write = (name: string, fails: boolean) =>
      pace(name, async () => {
        assert.ok(!running.includes(name), 'two at once');
        running.push(name);
        most = Math.max(most, running.length);
        await new Promise(setImmediate);
        running.splice(running.indexOf(name), 1);
        if (fails) throw new Error('no');
      });
    const all = ['a', 'b', 'a', 'a', 'b'].map((name, index) => write(name, index === 0));
    assert.deepEqual(
      (await Promise.allSettled(all)).map(({ status }) => status),
      ['rejected', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled'],
    );
    assert.equal(most, 2);
  });
});
