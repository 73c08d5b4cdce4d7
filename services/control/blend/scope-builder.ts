import { createArena } from './arena.ts';
import { copyOf } from './bytes.ts';
import { type Content, viewAt } from './content.ts';
import type { Dna, Struct } from './dna.ts';
import { BlendError } from './facts.ts';
import type { BlockHead } from './header.ts';
import {
  DATA_STRUCTS,
  LAYER_FILE_STRUCTS,
  RAW_POINTERS,
  SCENE_STRUCTS,
  WHOLE_CODES,
} from './kept-structs.ts';
import { namesLayerFile } from './layer-files.ts';
import { type RecordView, recordAt } from './record.ts';
import { createScope, keepData, type Scope } from './scope.ts';
import { readBody } from './walk.ts';

/** What is kept of one data-block; real scenes stay below 100 kB unless they hold long strips of pictures. */
const MAX_SCOPE_BYTES = 16 * 1024 * 1024;
const MAX_ID_BYTES = 1024 * 1024;

/** The value where its bytes are at hand, a promise where they must be read first. */
type Now<T> = T | Promise<T>;

/** Opens the scope that an ID block begins. Null for blocks that are no data-blocks. */
export function openScope(content: Content, dna: Dna, block: BlockHead): Now<Scope | null> {
  const struct = dna.at(block.sdna);
  const id = dna.named('ID');
  if (!struct || !id || !isDataBlock(struct)) return null;
  const isWhole = block.code === 'SC' || WHOLE_CODES.has(block.code);
  const kept = isWhole ? struct : struct === id ? id : prefixOf(dna, struct, id);
  const record = readRecord(content, dna, block, kept);
  return record instanceof Promise
    ? record.then((known) => createScope(dna, block, known))
    : createScope(dna, block, record);
}

/** Its first member is an ID: name, library and the like. */
export function isDataBlock(struct: Struct): boolean {
  const id = struct.fields.get('id');
  return struct.name === 'ID' || (id?.offset === 0 && id.type === 'ID' && !id.isPointer);
}

const prefixes = new WeakMap<Dna, Map<Struct, Struct>>();

/** Of most data-blocks only the name matters: their first member is all that is read. */
function prefixOf(dna: Dna, struct: Struct, id: Struct): Struct {
  const known = prefixes.get(dna) ?? new Map<Struct, Struct>();
  prefixes.set(dna, known);
  const before = known.get(struct);
  if (before) return before;
  const own = struct.fields.get('id');
  const prefix = { name: struct.name, bytes: id.bytes, fields: new Map(own ? [['id', own]] : []) };
  known.set(struct, prefix);
  return prefix;
}

/** The struct that a block holds, checked against its length. */
export function readRecord(content: Content, dna: Dna, block: BlockHead, struct: Struct): Now<RecordView> {
  if (block.length < struct.bytes)
    throw new BlendError('corrupt', `a ${block.code} block is too short for its ${struct.name}`);
  if (struct.bytes > MAX_ID_BYTES)
    throw new BlendError('tooLarge', `${struct.name} has ${struct.bytes} bytes`);
  // Copied: what is kept must not hold on to the window it came from.
  const record = (bytes: Uint8Array) => recordAt(dna, struct, copyOf(bytes));
  const atHand = viewAt(content, block.body, struct.bytes);
  return atHand ? record(atHand) : readBody(content, block, struct.bytes).then(record);
}

/** Decides which DATA blocks are worth keeping, by struct, and keeps them. */
export function createDataKeeper(content: Content, dna: Dna) {
  const forScenes = memo((index) => SCENE_STRUCTS.has(dna.nameAt(index) ?? ''));
  const forLayerFiles = memo((index) => LAYER_FILE_STRUCTS.has(dna.nameAt(index) ?? ''));
  const forAll = memo((index) => DATA_STRUCTS.has(dna.nameAt(index) ?? ''));
  const copy = createArena();
  /** Addresses of blocks without a struct that something in the present scope points to. */
  const rawWanted = new Set<bigint>();
  let scope: Scope | null = null;
  let hasLayerFile = false;

  const isWanted = (block: BlockHead): boolean => {
    if (!scope || scope.isLinked) return false;
    return block.sdna === 0 ? rawWanted.has(block.old) : !skips(block.sdna);
  };
  const skips = (sdna: number): boolean => {
    if (!scope || scope.isLinked) return true;
    if (sdna === 0) return rawWanted.size === 0;
    if (hasLayerFile && forLayerFiles(sdna)) return false;
    return !forAll(sdna) && !(scope.code === 'SC' && forScenes(sdna));
  };

  const keepBody = (into: Scope, block: BlockHead, bytes: Uint8Array): undefined => {
    const struct = dna.at(block.sdna);
    const body = copy(bytes);
    if (struct && struct.bytes * Math.max(block.count, 1) > body.length)
      throw new BlendError('corrupt', `a block is too short for its ${struct.name}`);
    keepData(into, block.old, { struct, count: block.count, body });
    if (struct) noteRaw(struct, body);
  };
  const noteRaw = (struct: Struct, body: Uint8Array): void => {
    for (const path of RAW_POINTERS.get(struct.name) ?? [])
      for (let at = 0; at + struct.bytes <= body.length && struct.bytes > 0; at += struct.bytes) {
        const address = recordAt(dna, struct, body, at).pointer(path);
        if (address) rawWanted.add(address);
      }
  };

  return {
    /** From now on DATA belongs to this data-block; null: to none. */
    enter: (next: Scope | null): void => {
      scope = next;
      hasLayerFile = next?.code === 'ME' && namesLayerFile(next.record);
      rawWanted.clear();
    },
    /** DATA of this struct matters to nobody here, whatever its address. */
    skips,
    /** Keeps the block if it is wanted: at once where its bytes are at hand. */
    keep: (block: BlockHead): Now<undefined> => {
      if (!scope || !isWanted(block)) return;
      const into = scope;
      if (into.bytes + block.length > MAX_SCOPE_BYTES) {
        into.isComplete = false;
        return;
      }
      const atHand = viewAt(content, block.body, block.length);
      if (atHand) return keepBody(into, block, atHand);
      return readBody(content, block).then((bytes) => keepBody(into, block, bytes));
    },
  };
}

function memo(answer: (index: number) => boolean): (index: number) => boolean {
  const known = new Map<number, boolean>();
  return (index) => {
    const before = known.get(index);
    if (before !== undefined) return before;
    const now = answer(index);
    known.set(index, now);
    return now;
  };
}
