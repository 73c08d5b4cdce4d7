import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { allTasks, begin, command, createWorld, pass, restart, run, takeTasks, type World } from './world.ts';

const stateOf = async (of: World) => {
  const { state, reason } = await run(of);
  return [state, reason?.code];
};

/** The check of a new run has failed on a worker. */
async function failedCheck(of: World, findings: readonly unknown[] | null, log = ''): Promise<void> {
  await begin(of, { chunkSize: 24, video: false });
  await takeTasks(of);
  await pass(of);
  const { id } = await run(of);
  if (findings !== null) {
    const record = { schema: 1, run: id, findings };
    of.renders.put('film/sh010/v001/records/check.json', JSON.stringify(record));
  }
  for (const task of await allTasks(of)) {
    if (task.name !== 'check') continue;
    of.manager.setLog(task.id, log);
    of.manager.endTask(task.id, 'failed');
  }
  await pass(of, 3);
}

describe('a check that fails', () => {
  test('because the folder cannot be written to ends the run at once and names the folder', async () => {
    const of = createWorld({ checkFirst: 'always' });
    await failedCheck(
      of,
      null,
      'pid=17 > tablao: cannot write to the folder of the frames: [Errno 20] Not a directory\n',
    );
    assert.deepEqual(await stateOf(of), ['failed', 'folderUnwritable']);
    assert.match((await run(of)).reason?.message ?? '', /film\/sh010\/v001 .*Not a directory\.$/);
    assert.equal((await run(of)).round, 1);
  });

  for (const code of ['noDenoiser', 'gpuMissing'])
    test(`with ${code} is followed by another run when the deployment can do something else, once`, async () => {
      const of = createWorld({ checkFirst: 'always' });
      await failedCheck(of, [{ code, level: 'error', message: 'It has none.', action: null }]);
      assert.deepEqual(await stateOf(of), ['rejected', code]);
      restart(of, 'two');
      await pass(of, 20);
      assert.equal((await of.records.list('runs/')).length, 1, 'a restart alone changes nothing');
      of.policy = { ...of.policy, blenders: [{ version: '3.4.1', hasDenoiser: true, devices: ['CUDA'] }] };
      restart(of, 'three');
      await pass(of, 20);
      assert.deepEqual(await stateOf(of), ['queued', 'submitted']);
      assert.equal((await of.records.list('runs/')).length, 2);
    });

  test('is followed by another run when its file comes, although its job could not be ended at first', async () => {
    const of = createWorld({ checkFirst: 'always' });
    await begin(of, { chunkSize: 24, video: false });
    await takeTasks(of);
    await pass(of);
    const { id } = await run(of);
    const findings = [
      { code: 'missingImage', level: 'error', message: 'wood.png is not there.', action: null },
    ];
    const record = { schema: 1, run: id, findings };
    of.renders.put('film/sh010/v001/records/check.json', JSON.stringify(record));
    const check = (await allTasks(of)).find(({ name }) => name === 'check');
    of.manager.endTask(check?.id ?? '', 'failed');
    of.manager.failUntilHealed('transient', 'setJobStatus');
    await pass(of, 3);
    assert.equal((await run(of)).state, 'rejected');
    of.manager.heal();
    await pass(of, 2);
    of.scenes.put('film/wood.png', new Uint8Array([1]));
    await command(of, { kind: 'uploaded', path: 'film/wood.png', generation: null });
    await pass(of, 2);
    assert.equal((await of.records.list('runs/')).length, 2);
  });
});
