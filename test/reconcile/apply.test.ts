import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { blendTools } from '../../services/control/adapters/local/blend-tools.ts';
import type { Action } from '../../services/control/core/actions.ts';
import { applyActions } from '../../services/control/reconcile/apply.ts';
import { createWorld } from './world.ts';

const REASON = { reason: 'a test' };
const DELETE_FARM: Action = { kind: 'deleteFarm', isForced: false, sparesRunning: false, ...REASON };

async function outcomes(actions: readonly Action[], prepare: (of: ReturnType<typeof createWorld>) => void) {
  const of = createWorld();
  prepare(of);
  const applied = await applyActions({ ...of, blendTools }, actions, () => true);
  return { of, outcomes: applied.map(({ kind, outcome }) => `${kind} ${outcome}`) };
}

describe('an action on what is not found', () => {
  test('is done when it was to be removed', async () => {
    const seen = await outcomes([{ kind: 'removeWorker', name: 'w-1', ...REASON }, DELETE_FARM], (of) =>
      of.workers.failNext('remove', 'notFound'),
    );
    assert.deepEqual(seen.outcomes, ['removeWorker done', 'deleteFarm done']);
  });

  for (const action of [
    { kind: 'withdrawWorker', name: 'w-1', ...REASON },
    { kind: 'forgetWorker', workerId: 'id-1', name: 'w-1', ...REASON },
  ] satisfies readonly Action[])
    test(`has failed when it was the look before it: ${action.kind}, and nothing is deleted on it`, async () => {
      const seen = await outcomes([action, DELETE_FARM], (of) => of.workers.failNext('list', 'notFound'));
      assert.deepEqual(seen.outcomes, [`${action.kind} failed`, 'deleteFarm skipped']);
      assert.deepEqual(seen.of.farm.callsOf('delete'), []);
    });

  test('has failed when it was to make something', async () => {
    const order: Action = { kind: 'orderWorkers', pool: 'p', names: ['p-1'], variant: null, ...REASON };
    const seen = await outcomes([order, DELETE_FARM], (of) => of.workers.failNext('order', 'notFound'));
    assert.deepEqual(seen.outcomes, ['orderWorkers failed', 'deleteFarm skipped']);
  });

  test('deletes no farm that could not be looked at', async () => {
    const seen = await outcomes([DELETE_FARM], (of) => of.farm.failNext('look', 'notFound'));
    assert.deepEqual(seen.outcomes, ['deleteFarm failed']);
    assert.deepEqual(seen.of.farm.callsOf('delete'), []);
  });
});
