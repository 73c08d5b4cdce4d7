import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Basis, dollarsBand, secondsBand } from '../../services/control/core/bands.ts';
import type { Band } from '../../services/control/core/status-document.ts';

const KNOWN: Basis = { ended: 40, left: 200, times: { mean: 60, spread: 0.2 }, unknown: 0, lost: 0 };
const NONE = { again: 0, waits: 500 };

const seconds = (basis: Partial<Basis>, more = NONE) => secondsBand({ ...KNOWN, ...basis }, 600, more);
const dollars = (basis: Partial<Basis>) => dollarsBand({ ...KNOWN, ...basis }, 2);

function isUpwardOnly(wider: Band, band: Band): void {
  assert.deepEqual([wider.p10, wider.p50], [band.p10, band.p50]);
  assert.ok(wider.p90 > band.p90 * 1.02, `${wider.p90}, not more than ${band.p90}`);
}

describe('a band', () => {
  test('holds its middle, and is no nonsense, whatever it rests on', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const basis = fc.record({
      ended: fc.nat(5000),
      left: fc.nat(5000),
      times: fc.record({
        mean: fc.double({ min: 0.1, max: 1e5, noNaN: true }),
        spread: fc.double({ min: 0, max: 5, noNaN: true }),
      }),
      unknown: share,
      lost: fc.double({ min: 0, max: 0.5, noNaN: true }),
    });
    const middle = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(basis, middle, middle, (one, p50, waits) => {
        for (const band of [secondsBand(one, p50, { again: 10, waits }), dollarsBand(one, p50)]) {
          assert.ok(band.p10 >= 0 && band.p10 <= band.p50 && band.p50 <= band.p90, JSON.stringify(band));
          assert.ok(Number.isFinite(band.p90));
          assert.equal(band.p50, p50);
        }
      }),
    );
  });

  test('is narrower the more is known of frames that differ little', () => {
    const few = seconds({ ended: 4 });
    const many = seconds({ ended: 400 });
    assert.ok(many.p90 - many.p10 < 0.6 * (few.p90 - few.p10));
    assert.ok(many.p10 > 0.8 * 600 && many.p90 < 1.4 * 600, JSON.stringify(many));
  });

  test('is lopsided where few frames, or such that differ much, may not have shown the longest ones', () => {
    const lopsided = ({ p10, p50, p90 }: Band) => (p90 - p50) / (p50 - p10);
    const usual = lopsided(dollars({ ended: 5000 }));
    assert.ok(lopsided(dollars({ ended: 4 })) > 1.2 * usual);
    assert.ok(lopsided(dollars({ ended: 5000, times: { mean: 60, spread: 1.5 } })) > 1.2 * usual);
  });

  test('is wider upward by what nobody knows', () => {
    isUpwardOnly(seconds({ unknown: 0.3 }), seconds({}));
    isUpwardOnly(dollars({ unknown: 0.3 }), dollars({}));
  });

  test('is wider both ways where frames are lost, more so upward', () => {
    const none = dollars({});
    const some = dollars({ lost: 0.2 });
    assert.ok(some.p10 < none.p10 && some.p90 - none.p90 > none.p10 - some.p10);
    const again = seconds({}, { ...NONE, again: 100 });
    assert.ok(again.p10 < seconds({}).p10 && again.p90 > seconds({}).p90 + 100);
  });

  test('has room for the longest frame where they differ much', () => {
    const wide = seconds({ ended: 5000, times: { mean: 60, spread: 1.5 } }, { again: 0, waits: 100 });
    assert.ok(wide.p90 > 30 * 60, `${wide.p90}`);
  });

  test('of a run that has rendered nothing is as an earlier one has it: half as much to twice as much', () => {
    const { p10, p90 } = dollars({ ended: 0, unknown: 1 });
    assert.ok(p10 > 0.5 * 2 && p10 < 0.7 * 2, `${p10}`);
    assert.ok(p90 > 2 * 2 && p90 < 2.4 * 2, `${p90}`);
  });
});
