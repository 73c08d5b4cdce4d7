/**
 * Whether a picture file is whole, told from one small part of it: its first bytes or its last ones, whichever the
 * format has its sizes or its end mark in.
 */

/** `null` when the file is whole as far as this part lets one tell, else what is wrong with it. */
type Check = (part: Uint8Array, size: number) => string | null;

interface Format {
  readonly reads: 'head' | 'tail';
  readonly check: Check;
}

/** Enough for the offset table of an OpenEXR picture of about 7000 lines. */
const HEAD_BYTES = 64 * 1024;
const TAIL_BYTES = 64;

const FORMATS: Readonly<Record<string, Format>> = {
  '.png': {
    reads: 'tail',
    check: endMark([0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82], 'PNG'),
  },
  '.jpg': { reads: 'tail', check: endMark([0xff, 0xd9], 'JPEG') },
  '.jp2': { reads: 'tail', check: endMark([0xff, 0xd9], 'JPEG 2000') },
  '.exr': { reads: 'head', check: exrProblem },
  '.tif': { reads: 'head', check: tiffProblem },
  '.webp': {
    reads: 'head',
    check: sizeField('WebP', [0x52, 0x49, 0x46, 0x46], { at: 4, extra: 8, little: true }),
  },
  '.bmp': { reads: 'head', check: sizeField('BMP', [0x42, 0x4d], { at: 2, extra: 0, little: true }) },
  '.cin': {
    reads: 'head',
    check: sizeField('Cineon', [0x80, 0x2a, 0x5f, 0xd7], { at: 20, extra: 0, little: false }),
  },
  '.dpx': { reads: 'head', check: dpxProblem },
  '.tga': { reads: 'head', check: targaProblem },
  '.hdr': { reads: 'head', check: hdrProblem },
};

/** The part of a file of `size` bytes that `pictureProblem` wants; `null` = it has no opinion on this extension. */
export function partToRead(
  extension: string,
  size: number,
): { readonly offset: number; readonly length: number } | null {
  const format = FORMATS[extension];
  if (format === undefined) return null;
  if (format.reads === 'head') return { offset: 0, length: Math.min(size, HEAD_BYTES) };
  const length = Math.min(size, TAIL_BYTES);
  return { offset: size - length, length };
}

/** `null` when the file is whole as far as the part of `partToRead` lets one tell, else what is wrong with it. */
export function pictureProblem(extension: string, size: number, part: Uint8Array): string | null {
  if (size === 0) return 'is empty';
  return FORMATS[extension]?.check(part, size) ?? null;
}

function endMark(mark: readonly number[], name: string): Check {
  return (part) => {
    const from = part.length - mark.length;
    const isThere = from >= 0 && mark.every((byte, index) => part[from + index] === byte);
    return isThere ? null : `is cut short: it does not end as a ${name} file does`;
  };
}

/** Formats that state the size of the file at `at`, but for `extra` bytes. */
function sizeField(
  name: string,
  magic: readonly number[],
  field: { readonly at: number; readonly extra: number; readonly little: boolean },
): Check {
  return (part, size) => {
    if (!startsWith(part, magic) || part.length < field.at + 4) return `is no ${name}`;
    const stated = view(part).getUint32(field.at, field.little) + field.extra;
    return size >= stated ? null : `is cut short (${size} of ${stated} bytes)`;
  };
}

/** SMPTE 268M: the magic number tells the byte order. */
function dpxProblem(part: Uint8Array, size: number): string | null {
  const little = startsWith(part, [0x58, 0x50, 0x44, 0x53]);
  const magic = little ? [0x58, 0x50, 0x44, 0x53] : [0x53, 0x44, 0x50, 0x58];
  return sizeField('DPX', magic, { at: 16, extra: 0, little })(part, size);
}

const TIFF_STRIP_OFFSETS = 273;
const TIFF_STRIP_BYTE_COUNTS = 279;

/** The directory (IFD) must lie inside the file, and where it stands in the head all strips that it names, too. */
function tiffProblem(part: Uint8Array, size: number): string | null {
  const isLittle = startsWith(part, [0x49, 0x49, 0x2a, 0]);
  if (!isLittle && !startsWith(part, [0x4d, 0x4d, 0, 0x2a])) return 'is no TIFF';
  if (part.length < 8) return 'is cut short';
  const directory = view(part).getUint32(4, isLittle);
  if (directory < 8 || directory + 2 > size) return 'is cut short (no directory)';
  if (directory + 2 > part.length) return null;
  const entries = view(part).getUint16(directory, isLittle);
  if (directory + 2 + entries * 12 > size) return 'is cut short (in its directory)';
  const offsets = tiffNumbers(part, isLittle, directory, TIFF_STRIP_OFFSETS);
  const counts = tiffNumbers(part, isLittle, directory, TIFF_STRIP_BYTE_COUNTS);
  const end = Math.max(0, ...offsets.map((offset, index) => offset + (counts[index] ?? 0)));
  return atLeast(size, end);
}

/** The 16- or 32-bit numbers of one entry of the directory, as far as they stand in these bytes. */
function tiffNumbers(part: Uint8Array, isLittle: boolean, directory: number, tag: number): readonly number[] {
  const data = view(part);
  const entries = data.getUint16(directory, isLittle);
  for (let index = 0; index < entries; index += 1) {
    const at = directory + 2 + index * 12;
    if (at + 12 > part.length || data.getUint16(at, isLittle) !== tag) continue;
    const width = data.getUint16(at + 2, isLittle) === 3 ? 2 : 4;
    const count = data.getUint32(at + 4, isLittle);
    const first = count * width <= 4 ? at + 8 : data.getUint32(at + 8, isLittle);
    const known = Math.max(0, Math.min(count, Math.floor((part.length - first) / width)));
    return Array.from({ length: known }, (_, n) =>
      width === 2 ? data.getUint16(first + n * 2, isLittle) : data.getUint32(first + n * 4, isLittle),
    );
  }
  return [];
}

/** Targa has no mark at its beginning, and none at its end in older Blenders: its size follows from the header. */
function targaProblem(part: Uint8Array, size: number): string | null {
  const [idLength = 0, hasColorMap, kind = 0] = part;
  const isRunLength = kind === 10 || kind === 11;
  if (part.length < 18 || hasColorMap !== 0 || !(isRunLength || kind === 2 || kind === 3))
    return 'is no Targa';
  const data = view(part);
  const pixels = data.getUint16(12, true) * data.getUint16(14, true);
  const pixelBytes = Math.ceil((part[16] ?? 0) / 8);
  // A packet of run-length data stands for at most 128 pixels.
  const body = isRunLength ? Math.ceil(pixels / 128) * (1 + pixelBytes) : pixels * pixelBytes;
  return atLeast(size, 18 + idLength + body);
}

/** Radiance: lines of text, an empty one, `-Y height +X width`, then lines of run-length data. */
function hdrProblem(part: Uint8Array, size: number): string | null {
  if (!startsWith(part, [0x23, 0x3f])) return 'is no Radiance HDR';
  const text = String.fromCharCode(...part.subarray(0, 1024));
  const found = /\n\n-Y (\d+) \+X (\d+)\n/.exec(text);
  if (found === null) return 'is cut short (no size)';
  const [line, height, width] = [found[0], Number(found[1]), Number(found[2])];
  // Four bytes begin a line; each of the four channels has runs of at most 127 pixels, two bytes each.
  const least = height * (4 + 4 * 2 * Math.ceil(width / 127));
  return atLeast(size, found.index + line.length + least);
}

function atLeast(size: number, least: number): string | null {
  return size >= least ? null : `is cut short (${size} of at least ${least} bytes)`;
}

/**
 * OpenEXR: the header's attributes, then a table of 8-byte offsets, one a chunk; the largest one must lie inside the
 * file, and none may be 0 (an unfinished file has zeros there). Source: "OpenEXR File Layout".
 */
function exrProblem(part: Uint8Array, size: number): string | null {
  if (!startsWith(part, [0x76, 0x2f, 0x31, 0x01])) return 'is no OpenEXR';
  const table = endOfExrHeaders(part);
  if (table === null || table + 8 > part.length)
    return size > part.length ? null : 'is cut short (in its header)';
  // The tables of all parts follow each other, up to the first of the chunks: any of them, as lines may go from the last
  // to the first or in no order.
  let first = part.length;
  let largest = 0;
  for (let at = table; at + 8 <= first; at += 8) {
    const offset = Number(view(part).getBigUint64(at, true));
    if (offset === 0) return 'is unfinished (empty offset table)';
    first = Math.min(first, offset);
    largest = Math.max(largest, offset);
  }
  return largest < size ? null : `is cut short (${size} bytes, a part starts at ${largest})`;
}

/** Where the offset tables begin; `null` when the bytes do not reach that far. */
function endOfExrHeaders(bytes: Uint8Array): number | null {
  const isMultiPart = bytes.length > 8 && (view(bytes).getUint32(4, true) & 0x1000) !== 0;
  let at: number | null = endOfExrHeader(bytes, 8);
  if (!isMultiPart) return at;
  // A header with no attributes ends the list of them.
  while (at !== null && at < bytes.length && bytes[at] !== 0) at = endOfExrHeader(bytes, at);
  return at === null ? null : at + 1;
}

function endOfExrHeader(bytes: Uint8Array, from: number): number | null {
  let at = from;
  while (at < bytes.length && bytes[at] !== 0) {
    const nameEnd = bytes.indexOf(0, at);
    const typeEnd = nameEnd < 0 ? -1 : bytes.indexOf(0, nameEnd + 1);
    if (typeEnd < 0 || typeEnd + 5 > bytes.length) return null;
    at = typeEnd + 5 + view(bytes).getUint32(typeEnd + 1, true);
  }
  return at < bytes.length ? at + 1 : null;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}
