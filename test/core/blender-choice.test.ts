import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chooseBlender, newestSaved } from '../../services/control/core/blender-choice.ts';

const atHand = ['3.4.1', '4.5.3', '5.2.2'].map((version) => ({ version, hasDenoiser: true, devices: [] }));
const library = (version: string) => ({ name: `The library lib/${version}.blend`, version });
const chosen = (shot: string, libraries: readonly string[], wanted: string | null = null) => {
  const saved = newestSaved({ name: 'The file', version: shot }, libraries.map(library));
  const { ok, ...rest } = chooseBlender(saved, wanted, atHand);
  return ok && 'blender' in rest ? rest.blender.version : 'message' in rest && rest.message;
};

describe('the Blender of a shot with libraries', () => {
  for (const [what, shot, libraries, expected] of [
    ['is the shot’s own where they are older', '4.5', ['2.79', '3.4', '4.5'], '4.5.3'],
    ['is that of a newer library, which an older one would not understand', '3.4', ['3.4', '4.5'], '4.5.3'],
    ['is the oldest that is newer than all', '3.4', ['4.2', '3.6'], '4.5.3'],
    ['counts versions as numbers', '4.5', ['4.10'], '5.2.2'],
  ] as const)
    test(what, () => {
      assert.equal(chosen(shot, libraries), expected);
    });

  test('is missing, and the library named, where none is new enough', () => {
    assert.match(String(chosen('5.2', ['5.3'])), /^The library lib\/5\.3\.blend was saved by Blender 5\.3/);
  });

  test('is the one that a person asks for, whatever they are', () => {
    assert.equal(chosen('3.4', ['5.2'], '3.4'), '3.4.1');
  });
});
