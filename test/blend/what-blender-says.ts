import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { BlendFacts } from '../../services/control/blend/facts.ts';

type Said = Pick<BlendFacts, 'blenderVersion' | 'activeScene' | 'scenes' | 'externalFiles'>;

/** Compares with the .json that make_scenes.py wrote. Blender lists by name, the reader in the order of the file. */
export function assertAsBlenderSays(facts: BlendFacts, jsonFile: string): void {
  const said: Said = JSON.parse(readFileSync(jsonFile, 'utf8'));
  assert.deepEqual(inOrder(facts), inOrder(said));
}

function inOrder({ blenderVersion, activeScene, scenes, externalFiles }: Said): Said {
  return {
    blenderVersion,
    activeScene,
    scenes: sortedBy(scenes, (scene) => scene.name),
    externalFiles: sortedBy(externalFiles, (file) => `${file.kind} ${file.path} ${file.owner}`),
  };
}

function sortedBy<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
