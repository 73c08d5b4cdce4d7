import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Paths of all files below `folder`, relative to it, in order. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

/** What stands in a version's folder besides the pictures. */
const OURS = /^(?:records\/|thumbs\/|outputs\/|preview\.mp4$|report\.json$)/;

/** The version's folder has the files of `hand`, by the names that `rename` gives them, and no other picture. */
export function assertDelivered(hand: string, version: string, rename: (name: string) => string): void {
  const names = filesBelow(hand);
  assert.ok(names.length > 0, `there is nothing to compare with in ${hand}`);
  const ours = filesBelow(version).filter((name) => !OURS.test(name));
  assert.deepEqual(ours, names.map(rename).sort());
  for (const name of names) assertSame(join(hand, name), join(version, rename(name)));
}

export function assertSame(hand: string, ours: string): void {
  assert.ok(picture(hand).equals(picture(ours)), `${ours} differs from ${hand}`);
}

/**
 * The bytes of a picture that say what it shows and how: format, size, channels, depth, compression, every pixel. Left
 * out is what cannot be the same twice: when and for how long it was rendered, and from which path.
 */
function picture(path: string): Buffer {
  const bytes = readFileSync(path);
  const isA = (magic: string) => bytes.toString('latin1', 0, magic.length) === magic;
  if (isA('\x89PNG')) return pngWithoutText(bytes);
  if (isA('v/1\x01')) return exrWithoutTimes(bytes);
  if (isA('SDPX') || isA('XPDS')) return dpxWithoutDate(bytes);
  return bytes;
}

function pngWithoutText(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 8; at < bytes.length; ) {
    const end = at + bytes.readUInt32BE(at) + 12;
    if (bytes.toString('latin1', at + 4, at + 8) !== 'tEXt') parts.push(bytes.subarray(at, end));
    at = end;
  }
  return Buffer.concat(parts);
}

/** Cycles writes its times into the header: attributes are name, type, 4 bytes of length, value, and end with a 0. */
function exrWithoutTimes(bytes: Buffer): Buffer {
  const parts: Buffer[] = [bytes.subarray(0, 8)];
  let at = 8;
  while (bytes[at] !== 0) {
    const nameEnd = bytes.indexOf(0, at);
    const typeEnd = bytes.indexOf(0, nameEnd + 1);
    const end = typeEnd + 5 + bytes.readUInt32LE(typeEnd + 1);
    if (!/^cycles\..*_time$/.test(bytes.toString('latin1', at, nameEnd))) parts.push(bytes.subarray(at, end));
    at = end;
  }
  return Buffer.concat([...parts, bytes.subarray(at)]);
}

/** The file header of SMPTE 268M has the moment of writing in bytes 136 to 159. */
function dpxWithoutDate(bytes: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, 136), bytes.subarray(160)]);
}
