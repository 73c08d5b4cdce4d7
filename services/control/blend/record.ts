import { textOf, viewOf } from './bytes.ts';
import type { Dna, Field, Struct } from './dna.ts';

/** One struct in a body, read by the names of its members. A member that its Blender had not yet is null. */
export interface RecordView {
  readonly struct: Struct;
  /** Reads a number of any basic type, by its path: `r.im_format.imtype`. Element `index` of an array. */
  number(path: string, index?: number): number | null;
  /** A char array, up to its NUL or its end. */
  text(path: string): string | null;
  /** An address; 0n is "none". Element `index` of an array of them. */
  pointer(path: string, index?: number): bigint | null;
  /** The bytes of a member. */
  bytes(path: string): Uint8Array | null;
}

/** The struct at `offset` of `body`, which must be long enough for it. */
export function recordAt(dna: Dna, struct: Struct, body: Uint8Array, offset = 0): RecordView {
  return new BodyRecord(dna, struct, body, offset);
}

class BodyRecord implements RecordView {
  readonly struct: Struct;
  readonly #dna: Dna;
  readonly #body: Uint8Array;
  readonly #offset: number;
  #view: DataView | null = null;

  constructor(dna: Dna, struct: Struct, body: Uint8Array, offset: number) {
    this.struct = struct;
    this.#dna = dna;
    this.#body = body;
    this.#offset = offset;
  }

  bytes(path: string): Uint8Array | null {
    const place = locate(this.#dna, this.struct, path);
    const start = this.#offset + (place?.offset ?? 0);
    return place ? this.#body.subarray(start, start + place.field.bytes) : null;
  }

  number(path: string, index = 0): number | null {
    const place = locate(this.#dna, this.struct, path);
    if (!place || place.field.isPointer || index >= place.field.count) return null;
    const size = place.field.bytes / place.field.count;
    const at = this.#offset + place.offset + size * index;
    return readNumber(this.#dataView(), at, place.field.type, this.#dna.header.littleEndian);
  }

  text(path: string): string | null {
    const place = locate(this.#dna, this.struct, path);
    const found = place && !place.field.isPointer && place.field.type === 'char' ? this.bytes(path) : null;
    return found ? textOf(found) : null;
  }

  pointer(path: string, index = 0): bigint | null {
    const place = locate(this.#dna, this.struct, path);
    if (!place?.field.isPointer || index >= place.field.count) return null;
    const at = this.#offset + place.offset + index * this.#dna.header.pointerSize;
    return readPointer(this.#dataView(), at, this.#dna);
  }

  #dataView(): DataView {
    this.#view ??= viewOf(this.#body);
    return this.#view;
  }
}

interface Place {
  readonly offset: number;
  readonly field: Field;
}

const places = new WeakMap<Struct, Map<string, Place | null>>();

/** Looked up once a struct and path: the same few are read from thousands of blocks. */
function locate(dna: Dna, struct: Struct, path: string): Place | null {
  let known = places.get(struct);
  if (!known) {
    known = new Map();
    places.set(struct, known);
  }
  const before = known.get(path);
  if (before !== undefined) return before;
  const place = follow(dna, struct, path);
  known.set(path, place);
  return place;
}

/** Follows `a.b.c` through nested structs, never through pointers. */
function follow(dna: Dna, struct: Struct, path: string): Place | null {
  let offset = 0;
  let current: Struct | undefined = struct;
  let field: Field | undefined;
  for (const name of path.split('.')) {
    if (field) current = field.isPointer ? undefined : dna.named(field.type);
    field = current?.fields.get(name);
    if (!field) return null;
    offset += field.offset;
  }
  return field ? { offset, field } : null;
}

function readPointer(view: DataView, at: number, dna: Dna): bigint {
  const { pointerSize, littleEndian } = dna.header;
  return pointerSize === 4 ? BigInt(view.getUint32(at, littleEndian)) : view.getBigUint64(at, littleEndian);
}

/** Null for a type that is no number. `char` is unsigned: small enumerations live there. */
function readNumber(view: DataView, at: number, type: string, little: boolean): number | null {
  switch (type) {
    case 'char':
    case 'uchar':
      return view.getUint8(at);
    case 'int8_t':
      return view.getInt8(at);
    case 'short':
      return view.getInt16(at, little);
    case 'ushort':
      return view.getUint16(at, little);
    case 'int':
    case 'long':
      return view.getInt32(at, little);
    case 'uint':
    case 'ulong':
      return view.getUint32(at, little);
    case 'float':
      return view.getFloat32(at, little);
    case 'double':
      return view.getFloat64(at, little);
    case 'int64_t':
      return Number(view.getBigInt64(at, little));
    case 'uint64_t':
      return Number(view.getBigUint64(at, little));
    default:
      return null;
  }
}

/** Single precision as people write it: 1.001, not 1.00100004673. */
export function asShown(value: number): number {
  return Number(value.toPrecision(7));
}
