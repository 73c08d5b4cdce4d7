import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { endsInTurn } from '../../services/control/core/forecast.ts';

describe('the ends of queues that are handed out one after the other', () => {
  test('are when whoever is free first takes each next task', () => {
    assert.deepEqual(endsInTurn([[10, 10, 10], [5], []], [0, 2]), [20, 17, 0]);
    assert.deepEqual(endsInTurn([[1]], []), [Number.POSITIVE_INFINITY]);
  });

  test('are those of the plain way to reckon them', () => {
    const seconds = fc.integer({ min: 1, max: 900 });
    fc.assert(
      fc.property(
        fc.array(fc.array(seconds, { maxLength: 30 }), { maxLength: 5 }),
        fc.array(seconds, { minLength: 1, maxLength: 20 }),
        (queues, freeAt) => {
          const free = [...freeAt];
          const plain = queues.map((queue) =>
            queue.reduce((end, one) => {
              const first = free.indexOf(Math.min(...free));
              free[first] = (free[first] ?? 0) + one;
              return Math.max(end, free[first] ?? 0);
            }, 0),
          );
          assert.deepEqual(endsInTurn(queues, freeAt), plain);
        },
      ),
    );
  });
});
