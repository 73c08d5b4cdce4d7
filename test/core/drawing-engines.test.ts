import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Policy, PoolPolicy } from '../../services/control/core/model.ts';
import { choosePool } from '../../services/control/core/pools.ts';
import type { SceneFacts } from '../../services/control/core/shot-facts.ts';
import { POOL } from '../reconcile/world.ts';

const inCloud = (name: string, hasGpu: boolean): PoolPolicy => ({
  ...{ ...POOL, name, hasGpu, drawsInSoftware: true },
});
const CPU = inCloud('cpu', false);
const GPU = inCloud('gpu', true);
/** A machine with a screen: EEVEE draws on its GPU. */
const OWN: PoolPolicy = { ...POOL, name: 'own', hasGpu: true };

function choose(
  engine: string,
  pools: Policy['pools'],
  asked: { readonly device?: 'auto' | 'gpu'; readonly pool?: string } = {},
) {
  const origin = 'render.json' as const;
  const settings = {
    pool: { value: asked.pool ?? null, origin },
    device: { value: asked.device ?? ('auto' as const), origin },
    memoryGiB: { value: null, origin },
  };
  const chosen = choosePool(settings, { engine } as SceneFacts, pools);
  return chosen.ok ? chosen.pool.name : chosen.reason;
}

describe('a shot that EEVEE draws', () => {
  for (const engine of ['BLENDER_EEVEE', 'BLENDER_EEVEE_NEXT', 'BLENDER_WORKBENCH']) {
    test(`goes past machines whose GPU it cannot use (${engine})`, () => {
      assert.equal(choose(engine, [GPU, CPU]), 'cpu');
    });
    test(`takes the GPU of a machine of one's own (${engine})`, () => {
      assert.equal(choose(engine, [OWN]), 'own');
      assert.equal(choose(engine, [OWN], { device: 'gpu' }), 'own');
    });
  }

  test('is refused where only such machines are, or one is named', () => {
    for (const reason of [
      choose('BLENDER_EEVEE', [GPU]),
      choose('BLENDER_EEVEE', [CPU, GPU], { pool: 'gpu' }),
    ]) {
      assert.ok(typeof reason === 'object');
      assert.equal(reason.code, 'gpuUnused');
      assert.match(reason.message, /^EEVEE draws .* GPUs of pool "gpu"/);
    }
  });

  test('is refused where a GPU was asked for that it would not get', () => {
    const reason = choose('BLENDER_EEVEE', [CPU, GPU], { device: 'gpu' });
    assert.ok(typeof reason === 'object');
    assert.equal(reason.code, 'gpuMissing');
    assert.match(reason.message, /EEVEE has none on pools "cpu", "gpu"/);
  });
});

test('Cycles uses them', () => {
  assert.equal(choose('CYCLES', [CPU, GPU], { device: 'gpu' }), 'gpu');
  assert.equal(choose('CYCLES', [GPU]), 'gpu');
});
