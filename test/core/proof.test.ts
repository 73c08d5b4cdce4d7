import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pictureProblem } from '../../services/control/core/proof.ts';

const PNG = [
  0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];
const JPEG = [0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 0xff, 0xd9];
const WEBP = [0x52, 0x49, 0x46, 0x46, 6, 0, 0, 0, 0x57, 0x45, 0x42, 0x50, 1, 2];
const BMP = [0x42, 0x4d, 10, 0, 0, 0, 0, 0, 0, 0];
const TIFF = [0x49, 0x49, 0x2a, 0, 8, 0, 0, 0, 0, 0];

/** A one-part OpenEXR: one attribute, a table of two offsets, two chunks. */
function exr(offsets: readonly number[]): readonly number[] {
  const attribute = [0x61, 0, 0x69, 0x6e, 0x74, 0, 4, 0, 0, 0, 1, 2, 3, 4];
  const header = [0x76, 0x2f, 0x31, 0x01, 2, 0, 0, 0, ...attribute, 0];
  const table = offsets.flatMap((offset) => [offset, 0, 0, 0, 0, 0, 0, 0]);
  return [...header, ...table, 9, 9, 9, 9];
}
const EXR = exr([39, 41]);

function problemOf(extension: string, content: readonly number[]): string | null {
  const bytes = new Uint8Array(content);
  return pictureProblem(extension, { size: bytes.length, head: bytes, tail: bytes });
}

describe('a picture file', () => {
  const whole: readonly [string, readonly number[]][] = [
    ['.png', PNG],
    ['.jpg', JPEG],
    ['.webp', WEBP],
    ['.bmp', BMP],
    ['.tif', TIFF],
    ['.exr', EXR],
  ];
  for (const [extension, content] of whole) {
    test(`${extension} that is whole passes, and none that is cut short or something else`, () => {
      assert.equal(problemOf(extension, content), null);
      assert.equal(problemOf(extension, []), 'is empty');
      assert.match(problemOf(extension, content.slice(0, -4)) ?? '', /cut short/);
      assert.match(problemOf(extension, [1, 2, 3, 4, 5, 6, 7, 8]) ?? '', /^is no /);
    });
  }

  test('.exr whose table was never filled in is unfinished', () => {
    assert.match(problemOf('.exr', exr([39, 0])) ?? '', /unfinished/);
    assert.match(problemOf('.exr', exr([0, 0])) ?? '', /unfinished/);
  });
});
