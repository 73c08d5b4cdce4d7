import { copyOf } from './bytes.ts';
import type { Content } from './content.ts';
import type { Dna, Struct } from './dna.ts';
import { REFERRING_CODES, REFERRING_STRUCTS } from './external.ts';
import { BlendError } from './facts.ts';
import type { BlockHead } from './header.ts';
import { type RecordView, recordAt } from './record.ts';
import type { Scope } from './scope.ts';
import { readBody } from './walk.ts';

/** Structs in the DATA of a scene that its settings stand in. */
const SCENE_STRUCTS: ReadonlySet<string> = new Set([
  'IDProperty',
  'ViewLayer',
  'SceneRenderLayer',
  'SceneRenderView',
  'TimeMarker',
  'Editing',
  'Strip',
  'StripElem',
]);

/** What is kept of one data-block; real scenes stay below 100 kB unless they hold long strips of pictures. */
const MAX_SCOPE_BYTES = 16 * 1024 * 1024;
const MAX_ID_BYTES = 1024 * 1024;

/** Opens the scope that an ID block begins. Null for blocks that are no data-blocks. */
export async function openScope(content: Content, dna: Dna, block: BlockHead): Promise<Scope | null> {
  const struct = dna.at(block.sdna);
  const id = dna.named('ID');
  if (!struct || !id || !isDataBlock(struct)) return null;
  const isWhole = block.code === 'SC' || REFERRING_CODES.has(block.code);
  const record = await readRecord(
    content,
    dna,
    block,
    isWhole ? struct : struct === id ? id : prefixOf(struct, id),
  );
  const name = record.text('id.name') ?? record.text('name') ?? '';
  const isLinked = block.code === 'ID' || Boolean(record.pointer('id.lib'));
  const { code, old } = block;
  return {
    code,
    old,
    name: name.slice(2),
    isLinked,
    dna,
    record,
    data: new Map(),
    bytes: 0,
    isComplete: true,
  };
}

function isDataBlock(struct: Struct): boolean {
  const id = struct.fields.get('id');
  return struct.name === 'ID' || (id?.offset === 0 && id.type === 'ID' && !id.isPointer);
}

/** Of most data-blocks only the name matters: their first member is all that is read. */
function prefixOf(struct: Struct, id: Struct): Struct {
  const fields = new Map([...struct.fields].filter(([name]) => name === 'id'));
  return { name: struct.name, bytes: id.bytes, fields };
}

/** The struct that a block holds, checked against its length. */
export async function readRecord(
  content: Content,
  dna: Dna,
  block: BlockHead,
  struct: Struct,
): Promise<RecordView> {
  if (block.length < struct.bytes)
    throw new BlendError('corrupt', `a ${block.code} block is too short for its ${struct.name}`);
  if (struct.bytes > MAX_ID_BYTES)
    throw new BlendError('tooLarge', `${struct.name} has ${struct.bytes} bytes`);
  // Copied: what is kept must not hold on to the window it came from.
  return recordAt(dna, struct, copyOf(await readBody(content, block, struct.bytes)));
}

/** Decides which DATA blocks are worth keeping, by struct. */
export function createDataKeeper(content: Content, dna: Dna) {
  const forScenes = memo((index) => SCENE_STRUCTS.has(dna.nameAt(index) ?? ''));
  const forAll = memo((index) => REFERRING_STRUCTS.has(dna.nameAt(index) ?? ''));
  /** Addresses of blocks without a struct that something in the present scope points to. */
  const rawWanted = new Set<bigint>();
  let scopeOfRaw: Scope | null = null;

  const isWanted = (scope: Scope, block: BlockHead): boolean => {
    if (scope.isLinked) return false;
    if (block.sdna === 0) return scope === scopeOfRaw && rawWanted.has(block.old);
    return forAll(block.sdna) || (scope.code === 'SC' && forScenes(block.sdna));
  };

  const keep = async (scope: Scope, block: BlockHead): Promise<undefined> => {
    if (scope.bytes + block.length > MAX_SCOPE_BYTES) {
      scope.isComplete = false;
      return;
    }
    const struct = dna.at(block.sdna);
    const body = copyOf(await readBody(content, block));
    if (struct && struct.bytes * Math.max(block.count, 1) > body.length)
      throw new BlendError('corrupt', `a block is too short for its ${struct.name}`);
    scope.bytes += block.length;
    scope.data.set(block.old, { struct, count: block.count, body });
    if (struct?.name === 'NodesModifierData') noteRaw(scope, recordAt(dna, struct, body));
  };

  const noteRaw = (scope: Scope, nodes: RecordView): void => {
    if (scope !== scopeOfRaw) rawWanted.clear();
    scopeOfRaw = scope;
    const address = nodes.pointer('simulation_bake_directory');
    if (address) rawWanted.add(address);
  };

  return { isWanted, keep };
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
