import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSettings } from '../../services/control/core/settings.ts';
import type { SceneFacts, ShotFacts } from '../../services/control/core/shot-facts.ts';

const SCENE = {
  ...{ name: 'Scene', frameStart: 1, frameEnd: 4, fps: 24, isMovie: false, fileFormat: 'PNG' },
  ...{ canRender: true, viewLayers: ['ViewLayer'], viewSuffixes: null, outputPath: '//out/' },
} as Partial<SceneFacts>;

function resolved(frameStep: number, frames?: string) {
  const scenes = [{ ...SCENE, frameStep }];
  const facts = { activeScene: 'Scene', scenes, references: [], scriptedDrivers: [], warnings: [] };
  const file = frames === undefined ? {} : { frames };
  return resolveSettings({ facts: facts as never as ShotFacts, file, request: {}, allowSceneScripts: false });
}

test('a step of 0 is refused and not taken for 1, unless the frames are named', () => {
  const refused = resolved(0);
  assert.equal(refused.ok ? 'ok' : refused.reason.code, 'noFrames');
  for (const [one, expected] of [
    [resolved(1), '1-4'],
    [resolved(0, '2-3'), '2-3'],
  ] as const)
    assert.equal(one.ok && one.settings.frames.value, expected);
});
