import { ascii, viewOf } from './bytes.ts';
import { BlendError } from './facts.ts';
import type { Header } from './header.ts';

const utf8 = new TextDecoder();

/** One member of a struct, where it lies in a body. */
export interface Field {
  readonly offset: number;
  /** Name of its type, without the pointer stars. */
  readonly type: string;
  readonly isPointer: boolean;
  /** Product of its array sizes; 1 for a plain member. */
  readonly count: number;
  /** All of it, in bytes. */
  readonly bytes: number;
}

export interface Struct {
  readonly name: string;
  readonly bytes: number;
  readonly fields: ReadonlyMap<string, Field>;
}

/** The structs of the Blender that wrote the file. Nothing else knows where a setting lies. */
export interface Dna {
  readonly header: Header;
  /** Undefined for an index out of range and for 0, which means raw bytes. Throws if the struct contradicts itself. */
  at(index: number): Struct | undefined;
  named(name: string): Struct | undefined;
  /** Its name without looking at its members: cheap, and safe for structs that nobody needs. */
  nameAt(index: number): string | undefined;
}

/** Real ones have up to 135 kB. */
export const MAX_DNA_BYTES = 4 * 1024 * 1024;

interface RawStruct {
  readonly type: number;
  /** Where its members stand in the body. */
  readonly at: number;
  readonly members: number;
}

interface Tables {
  readonly names: readonly string[];
  readonly types: readonly string[];
  readonly sizes: readonly number[];
  readonly structs: readonly RawStruct[];
}

/** Parses the body of the DNA1 block. Throws `corrupt` when it contradicts itself or the header. */
export function parseDna(body: Uint8Array, header: Header): Dna {
  const view = viewOf(body);
  try {
    const tables = readTables(body, view, header.littleEndian);
    const dna = lookUp(tables, view, header);
    checkPointerSize(dna, header);
    return dna;
  } catch (cause) {
    if (cause instanceof RangeError) throw new BlendError('corrupt', 'the DNA ends too early', { cause });
    throw cause;
  }
}

function readTables(body: Uint8Array, view: DataView, little: boolean): Tables {
  if (ascii(body, 0, 4) !== 'SDNA') throw corrupt('does not begin as one');
  const [names, afterNames] = readStrings(body, view, 4, 'NAME', little);
  const [types, afterTypes] = readStrings(body, view, afterNames, 'TYPE', little);
  expectMark(body, afterTypes, 'TLEN');
  const sizes = types.map((_, index) => view.getUint16(afterTypes + 4 + index * 2, little));
  const structs = readStructs(body, view, align4(afterTypes + 4 + types.length * 2), little, types.length);
  return { names, types, sizes, structs };
}

function readStrings(
  body: Uint8Array,
  view: DataView,
  at: number,
  mark: string,
  little: boolean,
): readonly [readonly string[], number] {
  expectMark(body, at, mark);
  const count = view.getInt32(at + 4, little);
  const next = at + 8;
  if (count < 0 || next + count > body.length) throw corrupt(`has an impossible number of ${mark}s`);
  let end = next;
  for (let index = 0; index < count; index++) {
    end = body.indexOf(0, end) + 1;
    if (end === 0) throw corrupt(`ends inside a ${mark}`);
  }
  // Decoded in one go: thousands of short texts cost ten times as much one by one.
  const strings = count === 0 ? [] : utf8.decode(body.subarray(next, end - 1)).split('\0');
  return [strings, align4(end)];
}

function readStructs(
  body: Uint8Array,
  view: DataView,
  at: number,
  little: boolean,
  types: number,
): readonly RawStruct[] {
  expectMark(body, at, 'STRC');
  const count = view.getInt32(at + 4, little);
  let next = at + 8;
  if (count < 0 || next + count * 4 > body.length) throw corrupt('has an impossible number of structs');
  const structs: RawStruct[] = [];
  for (let index = 0; index < count; index++) {
    const type = view.getUint16(next, little);
    const members = view.getUint16(next + 2, little);
    if (type >= types) throw corrupt('has a struct of no type');
    structs.push({ type, at: next + 4, members });
    next += 4 + members * 4;
  }
  if (next > body.length) throw corrupt('ends inside its structs');
  return structs;
}

function lookUp(tables: Tables, view: DataView, header: Header): Dna {
  const parsed = new Map<number, Struct>();
  const indexOf = new Map<string, number>();
  const nameAt = (index: number) => tables.types[tables.structs[index]?.type ?? -1];
  for (let index = tables.structs.length - 1; index >= 0; index--) indexOf.set(nameAt(index) ?? '', index);
  const structAt = (index: number): Struct | undefined => {
    const raw = tables.structs[index];
    if (!raw) return undefined;
    const known = parsed.get(index) ?? readStruct(tables, raw, view, header);
    parsed.set(index, known);
    return known;
  };
  return {
    header,
    at: (index) => (index === 0 ? undefined : structAt(index)),
    named: (name) => structAt(indexOf.get(name) ?? -1),
    nameAt: (index) => (index === 0 ? undefined : nameAt(index)),
  };
}

/** Only TLEN tells sizes: to add them up through nested structs would never end where one contains itself. */
function readStruct(tables: Tables, raw: RawStruct, view: DataView, header: Header): Struct {
  const name = tables.types[raw.type] ?? '';
  const fields = new Map<string, Field>();
  let offset = 0;
  for (let index = 0; index < raw.members; index++) {
    const type = view.getUint16(raw.at + index * 4, header.littleEndian);
    const member = tables.names[view.getUint16(raw.at + index * 4 + 2, header.littleEndian)];
    const typeName = tables.types[type];
    if (member === undefined || typeName === undefined) throw corrupt(`has a nameless member in ${name}`);
    const field = readField(member, typeName, tables.sizes[type] ?? 0, offset, header.pointerSize);
    fields.set(baseName(member), field);
    offset += field.bytes;
  }
  const bytes = tables.sizes[raw.type] ?? 0;
  if (offset !== bytes) throw corrupt(`says that ${name} has ${bytes} bytes, but its members have ${offset}`);
  return { name, bytes, fields };
}

function readField(member: string, type: string, size: number, offset: number, pointerSize: number): Field {
  const isPointer = member.startsWith('*') || member.startsWith('(');
  const count = member.includes('[') ? arrayCount(member) : 1;
  return { offset, type, isPointer, count, bytes: (isPointer ? pointerSize : size) * count };
}

function arrayCount(member: string): number {
  return [...member.matchAll(/\[(\d+)\]/g)].reduce((product, match) => product * Number(match[1]), 1);
}

/** `layers` of `*layers[4]`, `call` of `(*call)()`. Thousands are looked at, so without patterns. */
function baseName(member: string): string {
  let start = 0;
  while (member[start] === '*' || member[start] === '(') start++;
  let end = start;
  while (end < member.length && member[end] !== '[' && member[end] !== ')') end++;
  return member.slice(start, end);
}

function checkPointerSize(dna: Dna, header: Header): void {
  const list = dna.named('ListBase');
  if (!list || list.bytes !== header.pointerSize * 2) throw corrupt('and the header disagree about pointers');
}

function expectMark(body: Uint8Array, at: number, mark: string): void {
  if (ascii(body, at, at + 4) !== mark) throw corrupt(`has no ${mark} where it should`);
}

function align4(offset: number): number {
  return (offset + 3) & ~3;
}

function corrupt(what: string): BlendError {
  return new BlendError('corrupt', `the file's description of itself (DNA) ${what}`);
}
