import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Policy, PoolPolicy } from '../../services/control/core/model.ts';
import { choosePool } from '../../services/control/core/pools.ts';
import type { SceneFacts } from '../../services/control/core/shot-facts.ts';
import { POOL } from '../reconcile/world.ts';

const pool = (name: string, patch: Partial<PoolPolicy> = {}): PoolPolicy => ({ ...POOL, name, ...patch });
const SMALL = pool('small', { memoryGiB: 8 });
const LARGE = pool('large', { memoryGiB: 64 });
const GPU = pool('gpu', { hasGpu: true, memoryGiB: 32 });

interface Asked {
  readonly pool?: string;
  readonly device?: 'auto' | 'cpu' | 'gpu';
  readonly memoryGiB?: number;
}

function choose(asked: Asked, pools: Policy['pools'], engine = 'CYCLES') {
  const origin = 'render.json' as const;
  const settings = {
    pool: { value: asked.pool ?? null, origin },
    device: { value: asked.device ?? ('auto' as const), origin },
    memoryGiB: { value: asked.memoryGiB ?? null, origin },
  };
  const chosen = choosePool(settings, { engine } as SceneFacts, pools);
  return chosen.ok ? chosen.pool.name : chosen.reason;
}

describe('the pool of a run', () => {
  const cases: readonly [string, Asked, Policy['pools'], string][] = [
    ['is the first, when nothing is asked for', {}, [SMALL, GPU], 'small'],
    ['is the one that is named', { pool: 'gpu' }, [SMALL, GPU], 'gpu'],
    ['is the first with a GPU, when one is asked for', { device: 'gpu' }, [SMALL, LARGE, GPU], 'gpu'],
    ['is one without a GPU for the processor', { device: 'cpu' }, [GPU, SMALL], 'small'],
    ['is one with a GPU for the processor, when there is no other', { device: 'cpu' }, [GPU], 'gpu'],
    ['is the first that has the memory', { memoryGiB: 8.5 }, [SMALL, LARGE], 'large'],
    ['is taken when it is not known what it has', { memoryGiB: 999 }, [pool('x', { memoryGiB: null })], 'x'],
    ['may have a GPU that is not known yet', { device: 'gpu' }, [pool('x', { hasGpu: null })], 'x'],
  ];
  for (const [name, asked, pools, expected] of cases)
    test(name, () => assert.equal(choose(asked, pools), expected));

  const refusals: readonly [string, Asked, string, RegExp][] = [
    ['no pool of that name', { pool: 'spot' }, 'badSettings', /"spot"; there is "small", "large"\.$/],
    ['a GPU where none is', { device: 'gpu' }, 'gpuMissing', /pools "small", "large"/],
    ['a GPU of a pool without', { device: 'gpu', pool: 'small' }, 'gpuMissing', /pool "small"\.$/],
    ['more memory than there is', { memoryGiB: 65 }, 'notEnoughMemory', /^65 GiB .* at most 64 GiB\.$/],
    ['more than a named one has', { memoryGiB: 9, pool: 'small' }, 'notEnoughMemory', /at most 8 GiB\.$/],
  ];
  for (const [name, asked, code, message] of refusals)
    test(`is refused: ${name}`, () => {
      const reason = choose(asked, [SMALL, LARGE]);
      assert.ok(typeof reason !== 'string');
      assert.equal(reason.code, code);
      assert.match(reason.message, message);
      assert.ok((reason.action ?? '').length > 10);
    });

  test('without a GPU is good enough for an engine that draws with what there is', () => {
    assert.equal(choose({ device: 'gpu' }, [SMALL], 'BLENDER_EEVEE'), 'small');
  });
});
