import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { blendTools } from '../../services/control/adapters/local/blend-tools.ts';
import type { BlendFacts, ByteSource } from '../../services/control/blend/facts.ts';
import { readBlend } from '../../services/control/blend/read.ts';

export const SCENES = join(import.meta.dirname, '..', 'scenes');

interface Counted extends ByteSource {
  readonly reads: readonly (readonly [offset: number, length: number])[];
  bytesAsked(): number;
}

/** Bytes in memory as a source that remembers what was asked, and refuses what lies outside. */
export function memorySource(bytes: Uint8Array): Counted {
  const reads: (readonly [number, number])[] = [];
  return {
    size: bytes.length,
    reads,
    bytesAsked: () => reads.reduce((sum, [, length]) => sum + length, 0),
    read: async (offset, length) => {
      if (offset < 0 || length <= 0 || offset + length > bytes.length)
        throw new RangeError('outside of the file');
      reads.push([offset, length]);
      return bytes.slice(offset, offset + length);
    },
  };
}

interface Link extends ByteSource {
  requests(): number;
  /** How many answers had to be waited for one after the other. */
  rounds(): number;
}

/** As over a link that answers all requests of a moment at its end, and only then. */
export function linkSource(bytes: Uint8Array, answerMs = 1): Link {
  const memory = memorySource(bytes);
  let rounds = 0;
  let round: Promise<void> | null = null;
  return {
    size: bytes.length,
    requests: () => memory.reads.length,
    rounds: () => rounds,
    read: async (offset, length) => {
      round ??= new Promise((resolve) => {
        setTimeout(() => {
          rounds++;
          round = null;
          resolve();
        }, answerMs);
      });
      await round;
      return memory.read(offset, length);
    },
  };
}

export function read(bytes: Uint8Array): Promise<BlendFacts> {
  return readBlend(memorySource(bytes), blendTools);
}

/** A committed scene: `3.4/settings`. */
export function sceneFile(name: string): Uint8Array {
  return readFileSync(join(SCENES, `${name}.blend`));
}

/** The frames of a file that Blender compressed, and its seek table apart. */
export function splitZstd(file: Uint8Array): { frames: readonly Uint8Array[]; table: Uint8Array } {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const count = view.getUint32(file.length - 9, true);
  const table = file.length - 9 - count * 8;
  const frames: Uint8Array[] = [];
  for (let index = 0, at = 0; index < count; index++) {
    const size = view.getUint32(table + index * 8, true);
    frames.push(file.subarray(at, at + size));
    at += size;
  }
  return { frames, table: file.subarray(table - 8) };
}

/** What Blender compressed, as it would be without. */
export function unpackZstd(file: Uint8Array): Uint8Array {
  return Buffer.concat(splitZstd(file).frames.map((frame) => zstdDecompressSync(frame)));
}

/** A seek table for these frames. */
export function seekTable(
  frames: readonly { readonly stored: number; readonly decoded: number }[],
): Uint8Array {
  const table = Buffer.alloc(8 + frames.length * 8 + 9);
  table.writeUInt32LE(0x184d2a5e, 0);
  table.writeUInt32LE(table.length - 8, 4);
  for (const [index, frame] of frames.entries()) {
    table.writeUInt32LE(frame.stored, 8 + index * 8);
    table.writeUInt32LE(frame.decoded, 12 + index * 8);
  }
  table.writeUInt32LE(frames.length, table.length - 9);
  table.writeUInt32LE(0x8f92eab1, table.length - 4);
  return table;
}
