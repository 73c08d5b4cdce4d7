import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judgeScripts } from '../../services/control/core/needs-scripts.ts';
import type { ScriptedDriver, ShotFacts } from '../../services/control/core/shot-facts.ts';

function shotWith(scriptedDrivers?: readonly ScriptedDriver[]): ShotFacts {
  const facts = { blenderVersion: '3.4', activeScene: null, scenes: [], references: [], warnings: [] };
  return scriptedDrivers === undefined ? facts : { ...facts, scriptedDrivers };
}

const WAVE = { owner: 'Cube', expression: 'wave(frame)' };

describe('scripted drivers', () => {
  test('wait for a person where scripts may not run, and are named', () => {
    const verdict = judgeScripts(shotWith([WAVE, { owner: 'Sun', expression: 'dusk()' }]), null, false);
    assert.ok(verdict?.kind === 'wait');
    assert.equal(verdict.reason.code, 'needsScripts');
    assert.match(verdict.reason.message, /wave\(frame\) of Cube and 1 more/);
    assert.match(verdict.reason.action ?? '', /Allow scripts/);
  });

  test('are no reason to wait where scripts may run', () => {
    assert.equal(judgeScripts(shotWith([WAVE]), null, true), null);
  });

  test('are no reason to wait where there are none, or none are known of', () => {
    assert.equal(judgeScripts(shotWith([]), null, false), null);
    assert.equal(judgeScripts(shotWith(), null, false), null);
  });
});
