import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { drawWorld } from './draw.ts';
import { FAULTS } from './faults.ts';
import { storyOf } from './story.ts';
import { runWorld } from './world.ts';

const SEEDS = 250;

describe('random worlds', () => {
  it(`hold every invariant, seeds 1 to ${SEEDS}`, async () => {
    const happened = new Set<string>();
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { violation, faults } = await runWorld(drawWorld(seed));
      for (const fault of faults) happened.add(fault);
      if (violation !== null) assert.fail((await storyOf(drawWorld(seed), 80)).text);
    }
    const never = FAULTS.filter((fault) => !happened.has(fault));
    // `test:world` must reach them all.
    assert.ok(never.length < FAULTS.length / 3, `these never happened: ${never.join(', ')}`);
  });

  it('are the same to the letter for the same seed', async () => {
    const story = async (seed: number) => (await storyOf(drawWorld(seed), Number.POSITIVE_INFINITY)).text;
    assert.equal(await story(3), await story(3));
    assert.notEqual(await story(3), await story(4));
  });

  it('are not none: a number of seeds that is no number is said', () => {
    const run = spawnSync(process.execPath, [join(import.meta.dirname, 'run.ts'), '--seeds', 'x']);
    assert.equal(run.status, 1);
    assert.match(String(run.stderr), /--seeds x: it takes a whole number/);
  });
});
