import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { missingFiles } from '../../services/control/core/missing-text.ts';
import { createNearMiss } from '../../services/control/core/near-miss.ts';
import type { MissingInput } from '../../services/control/core/run.ts';

function missing(path: string, more: Partial<MissingInput> = {}): MissingInput {
  return {
    path,
    referredBy: 'film/sh.blend',
    owner: 'x',
    kind: 'image',
    problem: 'missing',
    suggestion: null,
    ...more,
  };
}

describe('the file that was probably meant', () => {
  const there = ['film/tex/wood.png', 'film/old/tex/wood.png', 'film/tex/Stein ü.png', 'lib/wood.png'];
  for (const [what, path, others, expected] of [
    ['of an absolute path: the longest equal tail', '/home/anna/proj/tex/wood.png', [], 'film/tex/wood.png'],
    ['of a path of Windows', 'C:\\proj\\old\\tex\\wood.png', [], 'film/old/tex/wood.png'],
    ['in another case', 'film/Tex/Wood.PNG', [], 'film/tex/wood.png'],
    ['in the other Unicode form', 'film/tex/Stein u\u0308.png', [], 'film/tex/Stein ü.png'],
    ['in another folder, as near as can be', 'film/maps/wood.png', [], 'film/tex/wood.png'],
    ['with another ending', 'film/tex/wood.jpg', ['film/tex/wood.jpg.txt'], 'film/tex/wood.png'],
    ['without its ending', 'film/tex/wood', [], 'film/tex/wood.png'],
    ['with other digits', 'film/p/f_0012.png', ['film/p/f_12.png', 'film/p/f_120.png'], 'film/p/f_12.png'],
    ['of tiles', 'film/Tex/Skin.<UDIM>.png', ['film/tex/skin.1001.png'], 'film/tex/skin.1001.png'],
    ['of tiles by place', 'film/skin.<UVTILE>.png', ['film/Skin.u1_v1.png'], 'film/Skin.u1_v1.png'],
    ['is nothing when only the ending is the same', 'film/tex/stone.png', [], null],
    ['is nothing when another number is there', 'film/tex/wood2.png', ['film/tex/wood20.png'], null],
    ['with another ending is looked for in its own folder only', 'film/maps/wood.jpg', [], null],
    ['is never the missing one itself', 'film/tex/wood.png', [], 'film/old/tex/wood.png'],
  ] as const)
    test(what, () => {
      assert.equal(createNearMiss([...there, ...others])(missing(path)), expected);
    });

  test('is found for any name in another case, Unicode form or way of slashing', () => {
    const part = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
      .filter((text) => !/[\\/<>]|^\s|\s$/.test(text));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const path = ['film', ...parts].join('/');
        const nearMiss = createNearMiss([path]);
        for (const other of [path.normalize('NFD'), path.normalize('NFC'), `D:\\${parts.join('\\')}`])
          assert.equal(nearMiss(missing(other)), other === path ? null : path);
      }),
    );
  });

  test('of 5,000 among 20,000 names is found within a second', () => {
    const names = Array.from({ length: 20_000 }, (_, n) => `film/tex/file_${n}.png`);
    const nearMiss = createNearMiss(names);
    const before = performance.now();
    for (let n = 0; n < 5000; n += 1) assert.equal(nearMiss(missing(`film/Tex/File_${n}.png`)), names[n]);
    assert.ok(performance.now() - before < 1000);
  });
});

describe('what is said of missing files', () => {
  const say = (...all: MissingInput[]) => missingFiles(all);

  test('names the file, who refers to it and what was probably meant', () => {
    const reason = say(missing('film/tex/Wood.png', { suggestion: 'film/tex/wood.png' }));
    assert.equal(
      reason.message,
      'A file is missing: film/tex/Wood.png (needed by film/sh.blend; did you mean film/tex/wood.png?).',
    );
    assert.match(reason.action ?? '', /^Upload it;.*correct the path in Blender/);
  });

  test('explains two names that look the same', () => {
    const reason = say(missing('film/tu\u0308r.png', { suggestion: 'film/t\u00fcr.png' }));
    assert.match(
      reason.message,
      /did you mean film\/t\u00fcr\.png \(the same letters in another Unicode form\)\?/,
    );
  });

  test('tells frames that follow one another as one', () => {
    const frames = [13, 14, 15].map((n) => missing(`film/p/f_00${n}.png`));
    const reason = say(
      missing('film/x.png'),
      ...frames,
      missing('film/y.png', { referredBy: 'film/lib.blend' }),
    );
    assert.equal(
      reason.message,
      '5 files are missing: film/x.png (needed by film/sh.blend), ' +
        'film/p/f_0013.png to f_0015.png (3 files, needed by film/sh.blend), film/y.png (needed by film/lib.blend).',
    );
  });

  test('says what can never come how to change it, and not to upload it', () => {
    const reason = say(missing('/home/a/x.png', { problem: 'absolute' }));
    assert.match(reason.message, /\/home\/a\/x\.png \(an absolute path in film\/sh\.blend\)/);
    assert.match(reason.action ?? '', /^Put the files inside the project, make their paths relative/);
  });

  test('stays short', () => {
    const many = Array.from({ length: 3000 }, (_, n) =>
      missing(`film/${'x'.repeat(900)}${n % 2 ? 'a' : 'b'}`),
    );
    const { message, action } = say(...many);
    assert.match(message, /and 2995 more\.$/);
    assert.ok(message.length + (action?.length ?? 0) < 3000);
  });
});
