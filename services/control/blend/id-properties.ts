import { concat, viewOf } from './bytes.ts';
import type { RecordView } from './record.ts';
import { follow, listFrom, type Scope } from './scope.ts';

/** `IDProperty.type`, those that are read. */
const INT = 1;
const FLOAT = 2;
const GROUP = 6;
const DOUBLE = 8;
const BOOLEAN = 10;

/** The numbers that an add-on stores in its group. A key that nobody changed is not there: its default holds. */
export type Properties = ReadonlyMap<string, number>;

/**
 * The numbers in `<root of the data-block> → group`, empty if the group is not there. Null if the file has something
 * there that cannot be followed: then defaults must not be assumed either.
 */
export function readPropertyGroup(scope: Scope, group: string): Properties | null {
  const root = rootAddress(scope.record);
  if (root === 0n) return new Map();
  const owner = findChild(scope, follow(scope, root, 'IDProperty'), group);
  if (owner === null) return null;
  return owner === 'absent' ? new Map() : numbersOf(scope, owner);
}

/** Since 5.0 add-ons' settings live apart from what users add, and only there. */
function rootAddress(record: RecordView): bigint {
  return record.pointer('id.system_properties') ?? record.pointer('id.properties') ?? 0n;
}

function findChild(scope: Scope, group: RecordView | null, name: string): RecordView | 'absent' | null {
  const children = childrenOf(scope, group);
  if (!children) return null;
  return children.find((child) => child.text('name') === name) ?? 'absent';
}

function childrenOf(scope: Scope, group: RecordView | null): readonly RecordView[] | null {
  if (group?.number('type') !== GROUP) return null;
  return listFrom(scope, group.pointer('data.group.first'), 'IDProperty');
}

function numbersOf(scope: Scope, group: RecordView): Properties | null {
  const children = childrenOf(scope, group);
  if (!children) return null;
  const numbers = new Map<string, number>();
  for (const child of children) {
    const key = child.text('name');
    const value = numberOf(child, scope.dna.header.littleEndian);
    if (key !== null && value !== null) numbers.set(key, value);
  }
  return numbers;
}

function numberOf(property: RecordView, little: boolean): number | null {
  const bits = property.bytes('data.val');
  if (!bits) return null;
  switch (property.number('type')) {
    case INT:
    case BOOLEAN:
      return property.number('data.val');
    case FLOAT:
      return viewOf(bits).getFloat32(0, little);
    case DOUBLE:
      return viewOf(concat([bits, property.bytes('data.val2') ?? bits])).getFloat64(0, little);
    default:
      return null;
  }
}
