import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { partToRead, pictureProblem } from '../../services/control/core/whole-picture.ts';

const PNG = [
  0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];
const JPEG = [0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 0xff, 0xd9];
const WEBP = [0x52, 0x49, 0x46, 0x46, 6, 0, 0, 0, 0x57, 0x45, 0x42, 0x50, 1, 2];
const BMP = [0x42, 0x4d, 10, 0, 0, 0, 0, 0, 0, 0];
const TIFF = [0x49, 0x49, 0x2a, 0, 8, 0, 0, 0, 0, 0];
/** The directory first, then a strip of 4 bytes at 38. */
const TIFF_STRIP = [
  ...[0x49, 0x49, 0x2a, 0, 8, 0, 0, 0, 2, 0],
  ...[17, 1, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0],
  ...[23, 1, 3, 0, 1, 0, 0, 0, 4, 0, 0, 0],
  ...[0, 0, 0, 0, 9, 9, 9, 9],
];
const CINEON = [0x80, 0x2a, 0x5f, 0xd7, ...Array(16).fill(0), 0, 0, 0, 30, 1, 2, 3, 4, 5, 6];
const DPX = [0x53, 0x44, 0x50, 0x58, ...Array(12).fill(0), 0, 0, 0, 24, 1, 2, 3, 4];
const DPX_LITTLE = [0x58, 0x50, 0x44, 0x53, ...Array(12).fill(0), 24, 0, 0, 0, 1, 2, 3, 4];
/** 2 × 2 pixels of 3 bytes. */
const TARGA_RAW = [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 0, 24, 0, ...Array(12).fill(7)];
/** 128 × 1 pixels in one packet. */
const TARGA = [0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128, 0, 1, 0, 24, 0, 255, 7, 7, 7];
/** Two lines of 9 pixels, one run in each channel. */
const HDR = [
  ...Buffer.from('#?RADIANCE\n\n-Y 2 +X 9\n'),
  ...Array(2)
    .fill([2, 2, 0, 9, ...Array(8).fill(137)])
    .flat(),
];

/** OpenEXR: a header of one attribute, or one for each of two parts, a table of offsets, and 4 bytes of chunks. */
function exr(offsets: readonly number[], isMultiPart = false): readonly number[] {
  const header = [0x61, 0, 0x69, 0x6e, 0x74, 0, 4, 0, 0, 0, 1, 2, 3, 4, 0];
  const headers = isMultiPart ? [...header, ...header, 0] : header;
  const table = offsets.flatMap((offset) => [offset, 0, 0, 0, 0, 0, 0, 0]);
  return [0x76, 0x2f, 0x31, 0x01, 2, isMultiPart ? 0x10 : 0, 0, 0, ...headers, ...table, 9, 9, 9, 9];
}

function problemOf(extension: string, content: readonly number[]): string | null {
  const part = partToRead(extension, content.length) ?? { offset: 0, length: 0 };
  const bytes = new Uint8Array(content).subarray(part.offset, part.offset + part.length);
  return pictureProblem(extension, content.length, bytes);
}

describe('a picture file', () => {
  const whole: readonly [string, string, readonly number[]][] = [
    ['PNG', '.png', PNG],
    ['JPEG', '.jpg', JPEG],
    ['JPEG 2000', '.jp2', [0, 0, 0, 12, ...JPEG]],
    ['WebP', '.webp', WEBP],
    ['BMP', '.bmp', BMP],
    ['TIFF', '.tif', TIFF],
    ['TIFF with its directory first', '.tif', TIFF_STRIP],
    ['OpenEXR', '.exr', exr([39, 41])],
    ['OpenEXR of two parts', '.exr', exr([55, 57], true)],
    ['Cineon', '.cin', CINEON],
    ['DPX', '.dpx', DPX],
    ['DPX, the other byte order', '.dpx', DPX_LITTLE],
    ['raw Targa', '.tga', TARGA_RAW],
    ['Targa', '.tga', TARGA],
    ['Radiance HDR', '.hdr', HDR],
  ];
  for (const [name, extension, content] of whole) {
    test(`that is whole passes, and none that is cut short or something else: ${name}`, () => {
      assert.equal(problemOf(extension, content), null);
      assert.equal(problemOf(extension, []), 'is empty');
      assert.match(problemOf(extension, content.slice(0, -4)) ?? '', /cut short/);
      assert.match(problemOf(extension, [1, 2, 3, 4, 5, 6, 7, 8]) ?? '', /^is (?:no |cut short)/);
    });
  }

  test('.exr whose lines go from the last to the first is as good', () => {
    const black = Array(16).fill(0);
    assert.equal(problemOf('.exr', [...exr([55, 39]), ...black]), null);
    assert.match(problemOf('.exr', exr([55, 39])) ?? '', /cut short/);
  });

  test('.exr whose table was never filled in is unfinished', () => {
    for (const isMultiPart of [false, true]) {
      assert.match(problemOf('.exr', exr([55, 0], isMultiPart)) ?? '', /unfinished/);
      assert.match(problemOf('.exr', exr([0, 0], isMultiPart)) ?? '', /unfinished/);
    }
  });

  test('is judged from one part of it, however large it is', () => {
    assert.deepEqual(partToRead('.png', 9_000_000), { offset: 8_999_936, length: 64 });
    assert.deepEqual(partToRead('.exr', 9_000_000), { offset: 0, length: 65_536 });
    assert.equal(partToRead('.txt', 9), null);
  });
});
