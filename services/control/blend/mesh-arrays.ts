import { type Content, viewAt } from './content.ts';
import type { Dna } from './dna.ts';
import { type BlockHead, type Header, soundHead } from './header.ts';
import { namesLayerFile } from './layer-files.ts';
import { recordAt } from './record.ts';
import { isDataBlock } from './scope-builder.ts';

/** Of a mesh that an array is as long as: vertices, edges, corners, faces. */
const COUNTS = ['totvert', 'totedge', 'totloop', 'totpoly', 'totface'];
/** How many arrays there are of each; since 5.0 in one list. */
const LAYERS = ['vdata', 'edata', 'ldata', 'pdata', 'fdata'].map((name) => `${name}.totlayer`);
const ATTRIBUTES = 'attribute_storage.dna_attributes_num';
/** Arrays without a struct hold numbers: a byte, one to four words, a transform. */
const STRIDES = [4, 8, 12, 16, 1, 2, 64];
/** Bodies were written in whole words until Blender 5. */
const WORD = 4;
/** Smaller blocks are as long in one mesh as in another: names, and lists of arrays. */
export const ARRAY_BYTES = 1024;
/** What is passed over must be worth a request, and lie ahead: lying counts may lead back. */
const WORTHWHILE = 64 * 1024;
/** Blender 4's meshes have a dozen; one that has far more is no such mesh. */
const MOST_ARRAYS = 200;
/** Meshes of one file have few layouts. */
const MOST_LAYOUTS = 50;
/** After so many wrong ones in a row the meshes are too different. */
const MOST_MISSES = 3;

interface ArrayBlock {
  /** Bytes between the array before and this one's head. */
  readonly gap: number;
  readonly sdna: number;
  readonly length: (counts: readonly number[]) => number;
}

interface Layout {
  readonly arrays: readonly ArrayBlock[];
  /** Bytes between the last array and the next data-block. */
  readonly rest: number;
}

interface Seen {
  readonly block: BlockHead;
  readonly gap: number;
}

/** One mesh as far as it was walked. */
interface Walked {
  readonly counts: readonly number[];
  readonly layers: string;
  /** Blocks that were kept of it before its first array. */
  readonly kept: number;
  readonly seen: Seen[];
}

/**
 * Where a mesh ends, without a look at each of its arrays: they follow its own counts, in the order that they had in
 * a mesh with as many layers, which was walked. Whoever goes by that must see that a data-block begins there.
 */
export function createMeshArrays(content: Content, header: Header, dna: Dna) {
  const layouts = new Map<string, Layout>();
  let mesh: BlockHead | null = null;
  let walked: Walked | null = null;
  let misses = 0;

  const unit = header.format === 0 ? WORD : 1;
  const open = (block: BlockHead, kept: number): Walked | null => {
    const struct = dna.at(block.sdna);
    const body = struct ? viewAt(content, block.body, struct.bytes) : null;
    if (!struct || !body || block.length < struct.bytes) return null;
    const record = recordAt(dna, struct, body);
    // It stands among the arrays.
    if (namesLayerFile(record)) return null;
    const layers = [...LAYERS, ATTRIBUTES].map((path) => record.number(path) ?? 0).join();
    const counts = COUNTS.map((path) => record.number(path) ?? 0);
    return { counts, layers, kept, seen: [] };
  };
  const learn = ({ counts, layers, seen }: Walked, next: BlockHead): void => {
    const last = seen.at(-1);
    if (!last || layouts.size >= MOST_LAYOUTS) return;
    const arrays = seen.map(({ block, gap }) => ({
      gap,
      sdna: block.sdna,
      length: lengthBy(block, counts, unit),
    }));
    layouts.set(layers, { arrays, rest: startOf(next) - endOf(last.block) });
  };
  const startOf = (block: BlockHead) => block.body - header.blockHeadBytes;

  return {
    /** Arrays of the present data-block are wanted, and none before them was passed over. */
    isWatching: (): boolean => mesh !== null,
    /** A data-block begins; of the one before so many blocks were kept. */
    enter: (block: BlockHead, kept: number): void => {
      // What is passed over must hold nothing but arrays.
      if (walked && walked.kept === kept) learn(walked, block);
      walked = null;
      // Streams go one way only.
      mesh = content.size !== null && misses < MOST_MISSES && block.code === 'ME' ? block : null;
    },
    /**
     * A block of DATA of `ARRAY_BYTES` or more, and how many blocks were kept of its data-block. Where the next
     * data-block should begin; null where that is not known.
     */
    foresee: (block: BlockHead, kept: number): number | null => {
      if (!mesh) return null;
      walked ??= open(mesh, kept);
      if (!walked || walked.seen.length >= MOST_ARRAYS) {
        mesh = null;
        walked = null;
        return null;
      }
      const { counts, layers, seen } = walked;
      const before = seen.at(-1);
      seen.push({ block, gap: before ? startOf(block) - endOf(before.block) : 0 });
      const layout = layouts.get(layers);
      const [first, ...others] = layout?.arrays ?? [];
      if (before || !layout || first?.sdna !== block.sdna || first.length(counts) !== block.length)
        return null;
      const bytes = others.reduce(
        (sum, { gap, length }) => sum + gap + header.blockHeadBytes + length(counts),
        layout.rest,
      );
      return block.length + bytes < WORTHWHILE ? null : endOf(block) + bytes;
    },
    /** What was foreseen is so, or not. */
    found: (isRight: boolean): void => {
      misses = isRight ? 0 : misses + 1;
      if (!isRight) return;
      mesh = null;
      walked = null;
    },
  };
}

/** Whether a data-block begins here beyond doubt: its head is sound, and its name is of its kind. */
export async function isDataBlockAt(
  content: Content,
  header: Header,
  dna: Dna,
  at: number,
): Promise<boolean> {
  const id = dna.named('ID');
  const end = at + header.blockHeadBytes + (id?.bytes ?? 0);
  if (!id?.fields.has('name') || end > (content.size ?? 0)) return false;
  const bytes = await content.read(at, end - at);
  const code = String.fromCharCode(...bytes.subarray(0, 2));
  if (!/^[A-Z]{2}$/.test(code) || bytes[2] !== 0 || bytes[3] !== 0) return false;
  const block = soundHead(header, bytes, at);
  const struct = block ? dna.at(block.sdna) : undefined;
  if (!block || !struct || !isDataBlock(struct) || block.length < struct.bytes || block.count !== 1)
    return false;
  return recordAt(dna, id, bytes, header.blockHeadBytes).text('name')?.startsWith(code) ?? false;
}

function endOf(block: BlockHead): number {
  return block.body + block.length;
}

/** As its count of structs says, or as so many numbers; else as long as it is here. */
function lengthBy(
  { sdna, length, count }: BlockHead,
  counts: readonly number[],
  unit: number,
): ArrayBlock['length'] {
  const strides = sdna === 0 ? STRIDES : [length / count];
  // The offsets of faces end with where the last one ends.
  for (const stride of strides)
    for (const more of [0, 1]) {
      const index = counts.findIndex(
        (known) => known > 0 && padded(stride * (known + more), unit) === length,
      );
      if (index >= 0) return (others) => padded(stride * ((others[index] ?? 0) + more), unit);
    }
  return () => length;
}

function padded(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}
