import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BlendFacts, ExternalFile, SceneFacts } from '../../services/control/blend/facts.ts';
import { toShotFacts } from '../../services/control/reconcile/shot-facts-of.ts';

const scene = (name: string, useSequencer: boolean) =>
  ({ name, useSequencer, viewLayers: [] }) as never as SceneFacts;

const baked = { isBaked: true, isOnDisk: true, frames: null };
const SIMULATIONS = [
  { ...baked, kind: 'cloth', owner: 'Flag' },
  { ...baked, kind: 'fluid', owner: 'Pool' },
  { ...baked, kind: 'cloth', owner: 'Loose', isBaked: false },
  { ...baked, kind: 'cloth', owner: 'Memory', isOnDisk: false },
];
const cache = { path: '//blendcache_<blend>', kind: 'cache', source: 'folder', mayBeNeeded: true } as const;
const fluid = { ...cache, path: '//cache_fluid' };
const folder = { shape: 'folder' } as const;
const perhaps = { ...folder, isOptional: true };

/** What decisions get to know of one file that the reader found. */
function reference(file: Partial<ExternalFile>) {
  const externalFiles = [{ path: '//a.png', kind: 'image', packed: false, owner: 'x', ...file } as const];
  const scripts = { runAtLoad: [], drivers: [] };
  const scenes = [scene('Edit', true), scene('Off', false)];
  const facts = { scenes, externalFiles, scripts, simulations: SIMULATIONS };
  const { references } = toShotFacts(facts as never as BlendFacts);
  return references[0];
}

describe('what is taken of the files that a .blend refers to', () => {
  for (const [what, file, expected] of [
    ['one file', {}, {}],
    ['a sequence', { path: '//p_1.png', source: 'sequence' }, { shape: 'sequence' }],
    ['a sequence without a number is one file', { source: 'sequence' }, {}],
    ['tiles', { path: '//t.<UDIM>.png', source: 'tiles', tiles: [1001] }, { shape: 'tiles', tiles: [1001] }],
    ['tiles by their name alone', { path: '//t.<UVTILE>.png' }, { shape: 'tiles' }],
    ['a folder', { path: '//c', kind: 'cache', source: 'folder' }, { shape: 'folder' }],
    ['what may be needed', { mayBeNeeded: true }, { isOptional: true }],
    ['a cache on disk that was baked is needed', { ...cache, owner: 'Flag' }, folder],
    ['a cache on disk that was not', { ...cache, owner: 'Loose' }, perhaps],
    ['a cache that was baked into memory', { ...cache, owner: 'Memory' }, perhaps],
    ['a fluid that was baked is needed', { ...fluid, owner: 'Pool' }, folder],
    ['a folder of somebody who has other simulations', { ...fluid, owner: 'Flag' }, perhaps],
    ['the folder of all when only the fluid was baked', { ...cache, owner: 'Pool' }, perhaps],
    ['what no picture shows may be needed only', { shown: [] }, { isOptional: true }],
    ['a picture of an edit', { kind: 'strip', owner: 'Edit' }, {}],
    ['a picture of an edit that is switched off', { kind: 'strip', owner: 'Off' }, { isOptional: true }],
    ['the sound of one is heard all the same', { kind: 'sound', owner: 'Off' }, {}],
  ] as const)
    test(what, () => {
      const { path, kind, owner } = { path: '//a.png', kind: 'image', owner: 'x', ...file };
      assert.deepEqual(reference(file as Partial<ExternalFile>), {
        ...{ path, kind, owner, isOptional: false },
        ...expected,
      });
    });

  test('nothing of what is packed', () => {
    assert.equal(reference({ packed: true }), undefined);
  });
});
