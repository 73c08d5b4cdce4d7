import { ascii, viewOf } from './bytes.ts';
import { BlendError } from './facts.ts';

/** What the first bytes say about how all others are to be read. */
export interface Header {
  /** Where the first block begins. */
  readonly bytes: number;
  /** Major × 100 + minor: 279, 304, 502. */
  readonly version: number;
  readonly pointerSize: 4 | 8;
  readonly littleEndian: boolean;
  /** 1 since Blender 5.0: block heads are longer and in another order. */
  readonly format: 0 | 1;
  readonly blockHeadBytes: 20 | 24 | 32;
}

export const LONGEST_HEADER = 17;
const SHORT_HEADER = 12;

/** Throws `notABlend`, `truncated`, or `tooNew` for a format from after Blender 5's. */
export function parseHeader(bytes: Uint8Array): Header {
  if (ascii(bytes, 0, 7) !== 'BLENDER') throw new BlendError('notABlend', whatItLooksLike(bytes));
  if (bytes.length < SHORT_HEADER) throw new BlendError('truncated', 'the file ends inside its header');
  const mark = ascii(bytes, 7, 8);
  if (mark === '_' || mark === '-') return parseFormat0(bytes, mark === '_' ? 4 : 8);
  return parseFormat1(bytes);
}

function parseFormat0(bytes: Uint8Array, pointerSize: 4 | 8): Header {
  const endian = ascii(bytes, 8, 9);
  if (endian !== 'v' && endian !== 'V') throw new BlendError('corrupt', 'the header names no byte order');
  return {
    bytes: SHORT_HEADER,
    version: digits(bytes, 9, 12),
    pointerSize,
    littleEndian: endian === 'v',
    format: 0,
    blockHeadBytes: pointerSize === 4 ? 20 : 24,
  };
}

function parseFormat1(bytes: Uint8Array): Header {
  const length = digits(bytes, 7, 9);
  const format = ascii(bytes, 9, 12);
  if (length !== LONGEST_HEADER || format !== '-01')
    throw new BlendError(
      'tooNew',
      `the file format (header of ${length} bytes, "${format}") is newer than this reader`,
    );
  if (bytes.length < LONGEST_HEADER) throw new BlendError('truncated', 'the file ends inside its header');
  if (ascii(bytes, 12, 13) !== 'v')
    throw new BlendError('tooNew', 'the byte order is none that this reader knows');
  const version = digits(bytes, 13, 17);
  return {
    bytes: LONGEST_HEADER,
    version,
    pointerSize: 8,
    littleEndian: true,
    format: 1,
    blockHeadBytes: 32,
  };
}

function digits(bytes: Uint8Array, from: number, to: number): number {
  const text = ascii(bytes, from, to);
  if (!/^\d+$/.test(text))
    throw new BlendError('corrupt', 'the header holds something else where digits should be');
  return Number(text);
}

/** `3.4`, `2.79`, `5.2`. */
export function versionText(version: number): string {
  const minor = version % 100;
  return `${Math.trunc(version / 100)}.${version < 300 ? String(minor).padStart(2, '0') : minor}`;
}

/** Names the usual mistakes: what ends in .blend is often something that was saved or downloaded wrongly. */
export function whatItLooksLike(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'the file is empty';
  const start = ascii(bytes, 0, Math.min(bytes.length, 64));
  if (start.startsWith('PK')) return 'this is a ZIP archive, not a .blend';
  if (start.startsWith('\x89PNG')) return 'this is a PNG picture, not a .blend';
  if (start.startsWith('\xff\xd8\xff')) return 'this is a JPEG picture, not a .blend';
  if (start.startsWith('glTF')) return 'this is a glTF model, not a .blend';
  if (/^\s*(<!doctype html|<html)/i.test(start)) return 'this is a web page, not a .blend';
  if (start.startsWith('version https://git-lfs'))
    return 'this is a Git LFS pointer: the .blend itself was not downloaded';
  if (bytes.every((byte) => byte === 0))
    return 'the file begins with zeros: it was not written or uploaded to its end';
  return 'the file does not begin as a .blend does';
}

export interface BlockHead {
  /** Without its NULs: `SC`, `DATA`. */
  readonly code: string;
  /** Where the body begins, and how long it is. */
  readonly body: number;
  readonly length: number;
  /** The address that pointers to this block hold. */
  readonly old: bigint;
  /** Index of its struct in the DNA; 0 = raw bytes. */
  readonly sdna: number;
  readonly count: number;
}

/** The head that stands at `offset`; `bytes` are its `blockHeadBytes`. */
export function parseBlockHead(header: Header, bytes: Uint8Array, offset: number): BlockHead {
  const view = viewOf(bytes);
  const body = offset + header.blockHeadBytes;
  const code = blockCode(bytes, offset);
  if (header.format === 1) {
    const length = asNumber(view.getBigInt64(16, true), offset);
    const count = asNumber(view.getBigInt64(24, true), offset);
    return { code, body, length, old: view.getBigUint64(8, true), sdna: view.getInt32(4, true), count };
  }
  const little = header.littleEndian;
  const after = 8 + header.pointerSize;
  const old = header.pointerSize === 4 ? BigInt(view.getUint32(8, little)) : view.getBigUint64(8, little);
  const length = asNumber(view.getInt32(4, little), offset);
  return {
    code,
    body,
    length,
    old,
    sdna: view.getInt32(after, little),
    count: view.getInt32(after + 4, little),
  };
}

/** The same where there may be none: null for anything that is no head. */
export function soundHead(header: Header, bytes: Uint8Array, offset: number): BlockHead | null {
  if (bytes.length < header.blockHeadBytes) return null;
  try {
    return parseBlockHead(header, bytes, offset);
  } catch (error) {
    if (error instanceof BlendError) return null;
    throw error;
  }
}

const DATA_CODE = 0x44415441;

/** Whether DATA blocks of this struct and length need no visit: nearly all blocks of a file are such. */
export type SkipsData = (sdna: number, length: number) => boolean;

/** Reads of a DATA block's head only what tells whether it matters: thousands are walked over for one that does. */
export function dataHeadReader(header: Header) {
  const little = header.littleEndian;
  const sdnaAt = header.format === 1 ? 4 : 8 + header.pointerSize;
  const lengthAt = header.format === 1 ? 16 : 4;
  /** Length of the body of the DATA block that begins at `at`, if `skips` says so of it; else -1. */
  const skippedLength = (view: DataView, at: number, skips: SkipsData): number => {
    if (at + header.blockHeadBytes > view.byteLength || view.getUint32(at, false) !== DATA_CODE) return -1;
    // A length that needs its upper half is left to the parser of whole heads, which judges it.
    if (header.format === 1 && view.getInt32(at + lengthAt + 4, true) !== 0) return -1;
    const length =
      header.format === 1 ? view.getUint32(at + lengthAt, true) : view.getInt32(at + lengthAt, little);
    return skips(view.getInt32(at + sdnaAt, little), length) ? length : -1;
  };
  return { skippedLength };
}

const codes = new Map<number, string>();
/** All that any Blender has had fit several times. */
const MAX_CODES = 1000;

/** Codes of two letters are padded with NULs, behind in little-endian files and before in big-endian ones. */
export function blockCode(bytes: Uint8Array, offset: number): string {
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  const word = a + b * 2 ** 8 + c * 2 ** 16 + d * 2 ** 24;
  const known = codes.get(word);
  if (known !== undefined) return known;
  const code = ascii(bytes, 0, 4).replace(/^\0+|\0+$/g, '');
  if (!/^[\x20-\x7e]{2,4}$/.test(code)) throw new BlendError('corrupt', `no block begins at byte ${offset}`);
  if (codes.size < MAX_CODES) codes.set(word, code);
  return code;
}

function asNumber(value: bigint | number, offset: number): number {
  if (value < 0 || value > Number.MAX_SAFE_INTEGER)
    throw new BlendError('corrupt', `the block at byte ${offset} has an impossible length or count`);
  return Number(value);
}
