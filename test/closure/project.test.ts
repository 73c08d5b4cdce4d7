import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { bringScene } from '../../services/cli/bring-scene.ts';
import { readFacts } from '../../services/cli/read-facts.ts';
import { createLocalScenes } from '../../services/control/adapters/local/scenes.ts';
import type { RunRecord } from '../../services/control/core/run.ts';
import type { Scenes } from '../../services/control/ports/buckets.ts';
import type { FakeScenes } from '../fakes/fake-buckets.ts';
import { createWorld, pass, restart, type World } from '../reconcile/world.ts';
import { filesOf, makeProject, noBlender } from './project.ts';

const SHOT = 'film/shots/sh010.blend';

/** Which .blends refer to a file, as make_project.py has it. */
const REFERRERS: readonly (readonly [RegExp, ...string[]])[] = [
  [/^props\/maps\/sword/, 'props/sword.blend'],
  [/^props\/maps\/shield/, 'props/shield.blend'],
  [/^props\/(maps\/house|lamp|brick)/, 'props/house.blend'],
  [/^props\/(maps\/tree|cache)/, 'props/tree.blend'],
  [/^props\/sword/, 'props/shield.blend', 'chars/hero.blend'],
  [/^props\/shield/, 'props/sword.blend', 'chars/hero.blend'],
  [/^props\/(house|tree)\.blend/, 'sets/town.blend'],
  [/^chars\/tex\//, 'chars/hero.blend'],
  [/^sets\/(tex|vdb|sky)/, 'sets/town.blend'],
  [/^(chars|sets)\/\w+\.blend|^(plates|clips|edit|fonts|sound|cache)\/|^shots\/poster/, 'shots/sh010.blend'],
];

function referrersOf(path: string): readonly string[] {
  const found = REFERRERS.find(([pattern]) => pattern.test(path.slice('film/'.length)));
  assert.ok(found, `${path} is in no row of the table`);
  return found.slice(1).map((referrer) => `film/${referrer}`);
}

describe('a project of three levels and sixty files, made by Blender', { skip: noBlender() }, () => {
  let folder: string;
  let scenes: Scenes;
  let away: string;

  before(() => {
    folder = makeProject();
    away = `${folder}-away`;
    mkdirSync(away);
    // Whole at once: what holds still for two seconds is not the matter here.
    scenes = createLocalScenes({ dir: folder, storageNow: async () => Date.now() + 60_000 });
  });
  after(() => {
    for (const dir of [folder, away]) rmSync(dir, { recursive: true, force: true });
  });

  /** The real loop on the real folder; the farm is a fake. */
  function start(): World {
    const of = { ...createWorld(), scenes: scenes as FakeScenes };
    restart(of, 'one');
    return of;
  }

  async function runs(of: World): Promise<readonly RunRecord[]> {
    const names = await of.records.list('runs/');
    return names.map((name) => of.records.valueAt(name) as RunRecord);
  }

  /** Checksums are computed meanwhile, so passes alone are not enough. */
  async function until(of: World, isSo: (runs: readonly RunRecord[]) => boolean): Promise<void> {
    for (let passes = 0; passes < 50 && !isSo(await runs(of)); passes += 1) {
      await pass(of);
      await pause(passes < 5 ? 0 : 20);
    }
  }

  const needed = () => filesOf(folder).filter((path) => !path.startsWith('film/cache/fluid/'));
  const isQueued = (all: readonly RunRecord[]) => all.some(({ state }) => state === 'queued');

  test('is one shot, and all its files are pinned, with the cache that may be needed', async () => {
    const of = start();
    await until(of, isQueued);
    const [run, ...others] = await runs(of);
    assert.deepEqual([run?.scenePath, others.length, needed().length], [SHOT, 0, 60]);
    assert.deepEqual(run?.inputs.map(({ path }) => path).sort(), filesOf(folder));
  });

  test('names any one file that is gone, and who refers to it, before anything runs; starts when it is back', async () => {
    for (const path of needed()) {
      renameSync(join(folder, path), join(away, basename(path)));
      const of = start();
      await until(of, (all) => all.some(({ reason }) => reason?.code === 'missingFiles') || path === SHOT);
      await pass(of, 3);
      const [run] = await runs(of);
      if (path === SHOT) assert.equal(run, undefined);
      else assertNamed(run, path);
      assert.deepEqual([of.farm.callsOf('create'), await of.manager.jobs()], [[], []], path);

      renameSync(join(away, basename(path)), join(folder, path));
      await until(of, isQueued);
      assert.equal(
        (await runs(of))[0]?.state,
        'queued',
        `${path} is back: ${JSON.stringify(await runs(of))}`,
      );
    }
  });

  test('is brought whole into a bucket by --scene, and rendered there at once', async () => {
    const bucket = join(away, 'scenes');
    const brought = await bringScene({ file: join(folder, SHOT), scenesDir: bucket, readFacts });
    assert.deepEqual([brought.missing, [...brought.copied].sort()], [[], filesOf(folder)]);
    scenes = createLocalScenes({ dir: bucket, storageNow: async () => Date.now() + 60_000 });
    const of = start();
    await until(of, isQueued);
    const [run] = await runs(of);
    assert.deepEqual(
      [run?.state, run?.isExplicit, run?.inputs.length],
      ['queued', true, filesOf(folder).length],
    );
  });

  function assertNamed(run: RunRecord | undefined, path: string): void {
    assert.equal(run?.state, 'waiting', path);
    assert.deepEqual(
      run?.missing.map((one) => one.path),
      [path],
    );
    const [missing] = run?.missing ?? [];
    assert.ok(referrersOf(path).includes(missing?.referredBy ?? ''), `${path}: ${missing?.referredBy}`);
    const said = `${path} (needed by ${missing?.referredBy}`;
    assert.ok(run?.reason?.message.includes(said), run?.reason?.message);
  }
});
