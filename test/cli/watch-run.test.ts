import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import type { ServiceClient } from '../../services/cli/service/service-client.ts';
import { ServiceError } from '../../services/cli/service/service-client.ts';
import { watchRun } from '../../services/cli/watch/watch-run.ts';
import type { RunStatus, StatusDocument } from '../../services/control/core/status-document.ts';
import { aRun as aRecord, aStatus } from '../http/app-for-tests.ts';

function aRun(id: string, state: RunStatus['state']): RunStatus {
  return {
    ...{ id, shot: 'film/sh010', version: 'v001', state, since: '2026-11-24T09:05:10.000Z', reason: null },
    frames: { total: 2, done: 0, active: 0, failed: 0 },
    ...{ etaSeconds: null, dollars: { p10: 0, p50: 0, p90: 0, soFar: 0 }, thumbnail: null, warnings: [] },
  };
}

/** A service that says these one after the other, then the last for ever. */
function service(says: readonly (readonly RunStatus[] | Error)[]): ServiceClient {
  let asked = 0;
  const get = async (): Promise<StatusDocument> => {
    const said = says[Math.min(asked, says.length - 1)] ?? [];
    asked += 1;
    if (said instanceof Error) throw said;
    return { ...aStatus(), runs: said };
  };
  return { url: '', get, post: assert.fail, open: assert.fail } as unknown as ServiceClient;
}

describe('submit --watch', () => {
  it('goes on with the run of the files that took the place of those that were rendered', async () => {
    const old = (state: RunStatus['state']) => aRun('r1', state);
    const client = service([
      [old('rendering')],
      [old('superseded')],
      [old('superseded')],
      [aRun('r2', 'rendering'), old('superseded')],
      [aRun('r2', 'completed'), old('superseded')],
    ]);
    assert.equal(await watchRun({ client, shot: 'film/sh010', after: null }), 0);
  });

  it('goes on so with a run that the files had joined, however long ago', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1 });
    const joined = (state: RunStatus['state']) => aRun('r1', state);
    const { get, ...rest } = service([
      [joined('rendering')],
      [joined('superseded')],
      [aRun('r2', 'completed'), joined('superseded')],
    ]);
    const late = async (path: string) => {
      t.mock.timers.tick(120_000);
      return get(path);
    };
    const client = { ...rest, get: late } as ServiceClient;
    assert.equal(await watchRun({ client, shot: 'film/sh010', after: 'r1', out: new PassThrough() }), 0);
  });

  it('follows a run that a status full of others leaves out', async () => {
    const of = aRecord({ id: 'r1', shot: 'film/sh010', frames: '1-2', proved: '1-2' });
    const records = [
      { ...of, state: 'rendering' },
      { ...of, state: 'completed' },
    ];
    const { get, ...rest } = service([[aRun('r1', 'rendering')], []]);
    const client = {
      ...rest,
      get: async (path: string) => (path === '/status/runs/r1' ? records.shift() : get(path)),
    } as ServiceClient;
    assert.equal(await watchRun({ client, shot: 'film/sh010', after: null }), 0);
    assert.deepEqual(records, []);
  });

  for (const [what, before] of [
    ['rendered', 'rendering'],
    ['the same as before', 'completed'],
  ] as const)
    it(`says of a run that the files have joined whether it was ${what}`, async (t) => {
      t.mock.timers.enable({ apis: ['Date'], now: 1 });
      const out = new PassThrough();
      const { get, ...rest } = service([[aRun('r1', before)], [aRun('r1', 'completed')]]);
      const late = async (path: string) => {
        t.mock.timers.tick(120_000);
        return get(path);
      };
      const client = { ...rest, get: late } as ServiceClient;
      assert.equal(await watchRun({ client, shot: 'film/sh010', after: 'r1', out }), 0);
      const said = String(out.read());
      assert.match(said, /film\/sh010 v001 is completed/);
      assert.equal(said.includes('same as before'), before === 'completed');
    });

  it('waits for a service that is started again, and tells a failed run by its exit code', async () => {
    const gone = new ServiceError('nobody answers', null);
    const client = service([[aRun('r1', 'rendering')], gone, gone, [aRun('r1', 'failed')]]);
    assert.equal(await watchRun({ client, shot: 'film/sh010', after: null }), 1);
  });
});
