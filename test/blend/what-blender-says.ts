import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { BlendFacts, ExternalFile, SceneFacts } from '../../services/control/blend/facts.ts';

/** What Blender cannot say: its Python only lists the denoisers that this very build has. */
type SceneSaid = Omit<SceneFacts, 'denoiser' | 'isAddonEngine'>;
type Said = Omit<
  BlendFacts,
  'compression' | 'bytesTotal' | 'bytesRead' | 'warnings' | 'scenes' | 'linkedImages' | 'isRetimed'
> & {
  readonly scenes: readonly SceneSaid[];
};

/** Compares with the .json that make_scenes.py wrote. Blender lists by name, the reader in the order of the file. */
export function assertAsBlenderSays(facts: BlendFacts, jsonFile: string): void {
  const said: Said = JSON.parse(readFileSync(jsonFile, 'utf8'));
  assert.deepEqual(inOrder(facts), inOrder(said));
}

function inOrder(said: Said): Said {
  const { blenderVersion, activeScene, scenes, externalFiles, scripts, simulations, outputNodes } = said;
  return {
    blenderVersion,
    activeScene,
    scenes: sortedBy(scenes.map(sayable), (scene) => scene.name),
    externalFiles: sortedBy(
      externalFiles.map(withWaysInOrder),
      (file) => `${file.kind} ${file.path} ${file.owner}`,
    ),
    scripts: { ...scripts, drivers: sortedBy(scripts.drivers, words) },
    simulations: sortedBy(simulations, words),
    outputNodes: sortedBy(outputNodes, (node) => node.node),
  };
}

function withWaysInOrder(file: ExternalFile): ExternalFile {
  const { shown, onFrames, ...rest } = file;
  return {
    ...rest,
    ...(shown ? { shown: sortedBy(shown, words) } : {}),
    ...(onFrames ? { onFrames: onFrames.from > onFrames.to ? NEVER : onFrames } : {}),
  };
}

const NEVER = { from: 1, to: 0 };

function sayable(scene: SceneSaid & Partial<SceneFacts>): SceneSaid {
  const { denoiser: _, isAddonEngine: __, ...rest } = scene;
  return rest;
}

/** The same for the same facts, whatever the order of their keys. */
function words(item: object): string {
  return JSON.stringify(Object.entries(item).sort());
}

function sortedBy<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
