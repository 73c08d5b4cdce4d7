import type { Dna, Struct } from './dna.ts';
import type { BlockHead } from './header.ts';
import { type RecordView, recordAt } from './record.ts';

/** The body of one DATA block that was worth keeping; `struct` undefined = raw bytes. */
interface DataBlock {
  readonly struct: Struct | undefined;
  readonly count: number;
  readonly body: Uint8Array;
}

/** A data-block (ID) with what was kept of its DATA. Addresses are unique only in here since Blender 5. */
export interface Scope {
  /** Type of the data-block: `SC`, `IM`, `OB`. */
  readonly code: string;
  readonly old: bigint;
  /** Its name without the code. */
  readonly name: string;
  /** Comes from a library; its settings are that file's affair. */
  readonly isLinked: boolean;
  readonly dna: Dna;
  /** The whole struct where that was kept, else only its `ID` part. */
  readonly record: RecordView;
  readonly data: Map<bigint, DataBlock>;
  /** Addresses of `data` by struct: most data-blocks have none of what is looked for. */
  readonly byStruct: Map<string, bigint[]>;
  /** Bytes in `data`, and whether some were left out because they were too many. */
  bytes: number;
  isComplete: boolean;
}

/** The scope of an ID block, which `record` is read from. */
export function createScope(dna: Dna, { code, old }: BlockHead, record: RecordView): Scope {
  const isLinked = code === 'ID' || Boolean(record.pointer('id.lib'));
  return {
    code,
    old,
    name: nameOf(record),
    isLinked,
    dna,
    record,
    data: new Map(),
    byStruct: new Map(),
    bytes: 0,
    isComplete: true,
  };
}

/** Without its two-letter code. */
function nameOf(record: RecordView): string {
  return (record.text('id.name') ?? record.text('name') ?? '').slice(2);
}

/** More than any list that matters here has; a longer one is a circle or an attack. */
const MAX_STEPS = 20_000;

/** What a pointer points to, if it is a `struct` and was kept. */
export function follow(scope: Scope, address: bigint | null, struct: string): RecordView | null {
  const block = address ? scope.data.get(address) : undefined;
  return block?.struct?.name === struct ? recordAt(scope.dna, block.struct, block.body) : null;
}

/** All structs of the block that a pointer points to: an array. */
export function followArray(scope: Scope, address: bigint | null, struct: string): readonly RecordView[] {
  const block = address ? scope.data.get(address) : undefined;
  const found = block?.struct;
  if (!block || found?.name !== struct || found.bytes === 0) return [];
  const count = Math.min(block.count, Math.trunc(block.body.length / found.bytes));
  return Array.from({ length: count }, (_, index) =>
    recordAt(scope.dna, found, block.body, index * found.bytes),
  );
}

/** Everything of one struct in file order, whichever list it is in. */
export function allOf(scope: Scope, struct: string): readonly RecordView[] {
  const addresses = scope.byStruct.get(struct);
  return addresses ? addresses.flatMap((address) => followArray(scope, address, struct)) : [];
}

/** Has no DATA of interest, or only properties, as most data-blocks of a large scene. */
export function isPlain(scope: Scope): boolean {
  return scope.byStruct.size === (scope.byStruct.has('IDProperty') ? 1 : 0);
}

/** Adds a block to what is kept. */
export function keepData(scope: Scope, address: bigint, block: DataBlock): void {
  const name = block.struct?.name;
  if (name !== undefined && !scope.data.has(address)) {
    const known = scope.byStruct.get(name);
    if (known) known.push(address);
    else scope.byStruct.set(name, [address]);
  }
  scope.bytes += block.body.length;
  scope.data.set(address, block);
}

/**
 * The members of a linked list that begins at `first`. Null if it cannot be followed to its end: a member is
 * missing or of another struct, or the list bites its tail.
 */
export function listFrom(scope: Scope, first: bigint | null, struct: string): readonly RecordView[] | null {
  const seen = new Set<bigint>();
  const members: RecordView[] = [];
  for (let address = first ?? 0n; address !== 0n; ) {
    const member = follow(scope, address, struct);
    if (!member || seen.has(address) || seen.size >= MAX_STEPS) return null;
    seen.add(address);
    members.push(member);
    address = member.pointer('next') ?? 0n;
  }
  return members;
}
