import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createLocalTicker } from '../../../services/control/adapters/local/ticker.ts';

describe('local ticker', () => {
  test('ticks at the start, when it was asked to look again, and each minute otherwise', async (t) => {
    const { ticker, triggers, advance, answer } = world(t);
    answer(5000);
    ticker.start();
    await advance(0);
    await advance(4999);
    assert.deepEqual(triggers, ['start']);
    answer(null);
    await advance(1);
    await advance(59_999);
    assert.deepEqual(triggers, ['start', 'timer']);
    await advance(1);
    assert.deepEqual(triggers, ['start', 'timer', 'timer']);
  });

  test('a kick ticks at once, and the regular tick comes a minute after it', async (t) => {
    const { ticker, triggers, advance } = world(t);
    ticker.start();
    await advance(30_000);
    await ticker.kick();
    await advance(59_999);
    assert.deepEqual(triggers, ['start', 'kick']);
    await advance(1);
    assert.deepEqual(triggers, ['start', 'kick', 'timer']);
  });

  test('kicks during a tick make one more tick after it, never two at once', async (t) => {
    const { ticker, triggers, advance, block } = world(t);
    const release = block();
    ticker.start();
    await ticker.kick();
    await ticker.kick();
    await advance(100_000);
    assert.deepEqual(triggers, ['start']);
    release();
    await advance(0);
    assert.deepEqual(triggers, ['start', 'kick']);
  });

  test('goes on after a tick that threw', async (t) => {
    const { ticker, triggers, errors, advance, failNext } = world(t);
    failNext();
    ticker.start();
    await advance(60_000);
    assert.deepEqual([triggers.length, errors.length], [2, 1]);
  });

  test('stopping waits for the running tick and lets none follow', async (t) => {
    const { ticker, triggers, advance, block } = world(t);
    const release = block();
    ticker.start();
    let isStopped = false;
    const stopping = ticker.stop().then(() => {
      isStopped = true;
    });
    await advance(0);
    assert.equal(isStopped, false);
    release();
    await stopping;
    await ticker.kick();
    await advance(120_000);
    assert.deepEqual(triggers, ['start']);
  });
});

function world(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const triggers: string[] = [];
  const errors: unknown[] = [];
  let lookAgainInMs: number | null = null;
  let gate: Promise<void> = Promise.resolve();
  let isFailing = false;
  const ticker = createLocalTicker({
    clock: { now: () => Date.now() },
    onError: (error) => errors.push(error),
    onTick: async (trigger) => {
      triggers.push(trigger);
      await gate;
      if (isFailing) {
        isFailing = false;
        throw new Error('ordered by the test');
      }
      return { lookAgainAt: lookAgainInMs === null ? null : Date.now() + lookAgainInMs };
    },
  });
  t.after(() => ticker.stop());
  return {
    ticker,
    triggers,
    errors,
    answer: (ms: number | null) => {
      lookAgainInMs = ms;
    },
    failNext: () => {
      isFailing = true;
    },
    block: () => {
      const blocked = Promise.withResolvers<void>();
      gate = blocked.promise;
      return blocked.resolve;
    },
    /** Lets the promises of a running tick settle, then lets time pass, then settles again. */
    advance: async (ms: number) => {
      await settle();
      t.mock.timers.tick(ms);
      await settle();
    },
  };
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}
