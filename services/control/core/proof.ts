/** A frame's record as the kit wrote it (services/blender-kit). */
export interface FrameRecord {
  readonly frame: number;
  readonly run: string;
  readonly state: 'rendering' | 'done' | 'failed';
  readonly attempt: number;
  readonly worker: string;
  readonly seconds: number | null;
  readonly loadSeconds: number | null;
  readonly peakMemoryMiB: number | null;
  readonly device: string | null;
  readonly warnings: readonly string[];
  readonly error: string | null;
}

/**
 * What was found of one frame in the renders bucket: `proved` = every expected file is there, newer than the run, and
 * whole to its end; `unknown` = could not be read this time.
 */
export interface FrameVerdict {
  readonly frame: number;
  readonly verdict: 'proved' | 'missing' | 'broken' | 'unknown';
  readonly message: string;
  readonly record: FrameRecord | null;
}

/** First and last bytes of a picture file, and its size. */
export interface PictureEnds {
  readonly size: number;
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

/** How many bytes of the head and of the tail `isWholePicture` wants. */
export const HEAD_BYTES = 64 * 1024;
export const TAIL_BYTES = 64;

/** `null` when the file is whole as far as its format lets one tell from its ends, else what is wrong with it. */
export function pictureProblem(extension: string, ends: PictureEnds): string | null {
  if (ends.size === 0) return 'is empty';
  const check = CHECKS[extension];
  if (check === undefined) return null;
  return check(ends);
}

const CHECKS: Readonly<Record<string, (ends: PictureEnds) => string | null>> = {
  '.png': (ends) =>
    startsWith(ends.head, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
      ? endsWith(ends.tail, [0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82])
        ? null
        : 'is cut short (no IEND chunk)'
      : 'is no PNG',
  '.jpg': (ends) =>
    startsWith(ends.head, [0xff, 0xd8])
      ? endsWith(ends.tail, [0xff, 0xd9])
        ? null
        : 'is cut short (no EOI marker)'
      : 'is no JPEG',
  '.exr': exrProblem,
  '.webp': riffProblem,
  '.bmp': (ends) => sizeField(ends, [0x42, 0x4d], 2, 0, 'BMP'),
  '.tif': tiffProblem,
};

function riffProblem(ends: PictureEnds): string | null {
  return sizeField(ends, [0x52, 0x49, 0x46, 0x46], 4, 8, 'WebP');
}

/** Formats that state their own size in the header: `stated + extra` bytes must be there. */
function sizeField(
  ends: PictureEnds,
  magic: readonly number[],
  at: number,
  extra: number,
  name: string,
): string | null {
  if (!startsWith(ends.head, magic) || ends.head.length < at + 4) return `is no ${name}`;
  const stated = view(ends.head).getUint32(at, true) + extra;
  return ends.size >= stated ? null : `is cut short (${ends.size} of ${stated} bytes)`;
}

/** Blender writes the directory (IFD) after the strips: its offset must lie inside the file. */
function tiffProblem(ends: PictureEnds): string | null {
  const isLittle = startsWith(ends.head, [0x49, 0x49, 0x2a, 0]);
  if (!isLittle && !startsWith(ends.head, [0x4d, 0x4d, 0, 0x2a])) return 'is no TIFF';
  if (ends.head.length < 8) return 'is cut short';
  const directory = view(ends.head).getUint32(4, isLittle);
  return directory >= 8 && directory + 2 <= ends.size ? null : 'is cut short (no directory)';
}

/**
 * OpenEXR: the header's attributes, then a table of 8-byte offsets, one a chunk; the largest one must lie inside the
 * file, and none may be 0 (an unfinished file has zeros there). Source: "OpenEXR File Layout".
 */
function exrProblem(ends: PictureEnds): string | null {
  const { head } = ends;
  if (!startsWith(head, [0x76, 0x2f, 0x31, 0x01])) return 'is no OpenEXR';
  const table = endOfExrHeader(head);
  if (table === null || table + 8 > head.length) return null;
  const first = Number(view(head).getBigUint64(table, true));
  if (first === 0) return 'is unfinished (empty offset table)';
  const count = Math.floor((Math.min(first, head.length) - table) / 8);
  let largest = 0;
  for (let index = 0; index < count; index += 1) {
    const offset = Number(view(head).getBigUint64(table + index * 8, true));
    if (offset === 0) return 'is unfinished (empty offset table)';
    largest = Math.max(largest, offset);
  }
  return largest < ends.size ? null : `is cut short (${ends.size} bytes, a part starts at ${largest})`;
}

/** Where the offset table begins in a single-part file; `null` when the head does not reach that far. */
function endOfExrHeader(head: Uint8Array): number | null {
  let at = 8;
  while (at < head.length && head[at] !== 0) {
    const nameEnd = head.indexOf(0, at);
    const typeEnd = nameEnd < 0 ? -1 : head.indexOf(0, nameEnd + 1);
    if (typeEnd < 0 || typeEnd + 5 > head.length) return null;
    at = typeEnd + 5 + view(head).getUint32(typeEnd + 1, true);
  }
  return at < head.length ? at + 1 : null;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

function endsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  const from = bytes.length - magic.length;
  return from >= 0 && magic.every((byte, index) => bytes[from + index] === byte);
}
