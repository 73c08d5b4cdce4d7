// The parts of the Zstandard format (RFC 8878) and of its "seekable" addition that are needed to find frames and to
// refuse dangerous ones before they are decoded.
import { viewOf } from './bytes.ts';
import { BlendError } from './facts.ts';
import type { RangeReader } from './ranges.ts';

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a5;
const TABLE_MAGIC = 0x8f92eab1;
const TABLE_FRAME_MAGIC = 0x184d2a5e;
const TABLE_FOOTER_BYTES = 9;
const SKIPPABLE_HEAD_BYTES = 8;
const LONGEST_FRAME_HEADER = 18;
const BLOCK_HEADER_BYTES = 3;
/** A million frames: a terabyte of scene. */
const MAX_TABLE_BYTES = 8 * 1024 * 1024;
/** Blender's frames hold at most 2 MiB. */
const MAX_FRAME_DECODED = 16 * 1024 * 1024;
/** What every decoder must offer (RFC 8878 §3.1.1.1.2), and what decoding then takes at least. */
const MAX_WINDOW = 8 * 1024 * 1024;

export function isSkippable(magic: number): boolean {
  return magic >>> 4 === SKIPPABLE_MAGIC;
}

export function isZstdFrame(magic: number): boolean {
  return magic === FRAME_MAGIC;
}

/** Where frames begin, compressed and decoded; both have one entry more than there are frames. */
export interface SeekTable {
  readonly stored: Float64Array;
  readonly decoded: Float64Array;
}

/** The table at the end of the file. Null if there is none that agrees with the file: it must be walked then. */
export async function readSeekTable(raw: RangeReader): Promise<SeekTable | null> {
  if (raw.size < TABLE_FOOTER_BYTES + SKIPPABLE_HEAD_BYTES) return null;
  const footer = viewOf(await raw.read(raw.size - TABLE_FOOTER_BYTES, TABLE_FOOTER_BYTES));
  const count = footer.getUint32(0, true);
  const descriptor = footer.getUint8(4);
  if (footer.getUint32(5, true) !== TABLE_MAGIC || (descriptor & 0x60) !== 0) return null;
  const entryBytes = descriptor & 0x80 ? 12 : 8;
  const payload = count * entryBytes + TABLE_FOOTER_BYTES;
  const start = raw.size - payload - SKIPPABLE_HEAD_BYTES;
  if (start < 0 || count === 0 || payload > MAX_TABLE_BYTES) return null;
  const table = viewOf(await raw.read(start, SKIPPABLE_HEAD_BYTES + count * entryBytes));
  if (table.getUint32(0, true) !== TABLE_FRAME_MAGIC || table.getUint32(4, true) !== payload) return null;
  return sumUp(table, count, entryBytes, start);
}

function sumUp(table: DataView, count: number, entryBytes: number, end: number): SeekTable | null {
  const stored = new Float64Array(count + 1);
  const decoded = new Float64Array(count + 1);
  for (let index = 0; index < count; index++) {
    const at = SKIPPABLE_HEAD_BYTES + index * entryBytes;
    const size = table.getUint32(at + 4, true);
    if (size > MAX_FRAME_DECODED) return null;
    stored[index + 1] = (stored[index] ?? 0) + table.getUint32(at, true);
    decoded[index + 1] = (decoded[index] ?? 0) + size;
  }
  return stored[count] === end ? { stored, decoded } : null;
}

interface FrameHeader {
  readonly bytes: number;
  readonly window: number;
  readonly contentSize: number | null;
  readonly hasChecksum: boolean;
}

/** Reads a frame's header and refuses what would be dangerous or impossible to decode. */
export function checkFrameHeader(frame: Uint8Array): FrameHeader {
  const header = parseFrameHeader(frame);
  const limit = header.window === header.contentSize ? MAX_FRAME_DECODED : MAX_WINDOW;
  if (header.window > limit)
    throw new BlendError('tooLarge', `a Zstandard frame wants a window of ${header.window} bytes`);
  return header;
}

function parseFrameHeader(frame: Uint8Array): FrameHeader {
  const view = viewOf(frame);
  if (frame.length < 6 || !isZstdFrame(view.getUint32(0, true)))
    throw new BlendError('corrupt', 'a Zstandard frame does not begin where it should');
  const descriptor = view.getUint8(4);
  const single = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x03) !== 0) throw new BlendError('corrupt', 'a Zstandard frame wants a dictionary');
  const sizeFlag = descriptor >>> 6;
  const sizeBytes = sizeFlag === 0 ? (single ? 1 : 0) : 1 << sizeFlag;
  const sizeAt = single ? 5 : 6;
  const bytes = sizeAt + sizeBytes;
  if (frame.length < bytes)
    throw new BlendError('truncated', 'the file ends inside the header of a Zstandard frame');
  const contentSize = readContentSize(view, sizeAt, sizeBytes);
  const window = single ? (contentSize ?? 0) : windowSize(view.getUint8(5));
  return { bytes, window, contentSize, hasChecksum: (descriptor & 0x04) !== 0 };
}

function readContentSize(view: DataView, at: number, bytes: number): number | null {
  if (bytes === 0) return null;
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + 256;
  if (bytes === 4) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** The pieces of the frame at `offset`, header and checksum included, found by walking its blocks. */
export async function* framePieces(raw: RangeReader, offset: number): AsyncGenerator<Uint8Array, void, void> {
  const header = checkFrameHeader(await raw.read(offset, LONGEST_FRAME_HEADER));
  yield await exactly(raw, offset, header.bytes);
  let at = offset + header.bytes;
  for (let last = false; !last; ) {
    const head = await exactly(raw, at, BLOCK_HEADER_BYTES);
    const word = (head[0] ?? 0) | ((head[1] ?? 0) << 8) | ((head[2] ?? 0) << 16);
    last = (word & 1) !== 0;
    const isRun = ((word >>> 1) & 3) === 1;
    const length = BLOCK_HEADER_BYTES + (isRun ? 1 : word >>> 3);
    yield await exactly(raw, at, length);
    at += length;
  }
  if (header.hasChecksum) yield await exactly(raw, at, 4);
}

async function exactly(raw: RangeReader, offset: number, length: number): Promise<Uint8Array> {
  const bytes = await raw.read(offset, length);
  if (bytes.length < length) throw new BlendError('truncated', 'the file ends inside a Zstandard frame');
  return bytes;
}
