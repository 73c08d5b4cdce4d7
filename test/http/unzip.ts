import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;

/** The files of a zip without compression, by name. Throws when it is not whole. */
export function unzip(zip: Buffer): ReadonlyMap<string, Buffer> {
  const end = zip.length - 22;
  assert.equal(end < 0 ? 0 : zip.readUInt32LE(end), END, 'it has its list of contents at its end');
  const files = new Map<string, Buffer>();
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    assert.equal(zip.readUInt32LE(at), ENTRY);
    assert.equal(zip.readUInt16LE(at + 10), 0, 'nothing is compressed');
    const [size, nameLength, moreLength] = [
      zip.readUInt32LE(at + 24),
      zip.readUInt16LE(at + 28),
      zip.readUInt16LE(at + 30),
    ];
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    const head = zip.readUInt32LE(at + 42);
    assert.equal(zip.readUInt32LE(head), LOCAL);
    const start = head + 30 + zip.readUInt16LE(head + 26) + zip.readUInt16LE(head + 28);
    const bytes = zip.subarray(start, start + size);
    assert.equal(crc32(bytes), zip.readUInt32LE(at + 16), name);
    assert.ok(!files.has(name), `${name} is there once`);
    files.set(name, bytes);
    at += 46 + nameLength + moreLength + zip.readUInt16LE(at + 32);
  }
  return files;
}
