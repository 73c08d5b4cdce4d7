import type { ExternalFile, ShownFrames } from './facts.ts';
import { imageUserFrames } from './image-frames.ts';
import type { RecordView } from './record.ts';
import { allOf, follow, isPlain, type Scope } from './scope.ts';

/** `IDProperty.type` of a pointer to a data-block: an input of geometry nodes may be an image. */
const PROPERTY_ID = 7;
/** Since 2.80 everything that shows a picture in a render is known here; before, faces of meshes did, too. */
const USERS_KNOWN_SINCE = 280;
/** Images that are shown; more are not told apart. */
const MAX_IMAGES = 100_000;
const MAX_WAYS = 1000;
/** Where structs that show an image keep how: they are what a node's `storage` points to. */
const IMAGE_USERS: ReadonlyMap<string, string> = new Map([
  ['ImageUser', ''],
  ['NodeTexImage', 'iuser'],
  ['NodeTexEnvironment', 'iuser'],
  ['NodeCryptomatte', 'iuser'],
]);

interface Users {
  readonly ways: Map<string, ShownFrames>;
  /** Somebody shows it in a way that is not told here. */
  isUnclear: boolean;
}

/**
 * Who shows which image in a picture, over the whole file. Viewports do not count: empties, camera backgrounds,
 * brushes, screens.
 */
export function createImageUsers(version: number) {
  const users = new Map<bigint, Users>();
  let isUnclear = version < USERS_KNOWN_SINCE;

  const note = (image: bigint | null, way: ShownFrames | null): void => {
    if (!image) return;
    const known = users.get(image) ?? { ways: new Map<string, ShownFrames>(), isUnclear: false };
    if (users.size >= MAX_IMAGES) isUnclear = true;
    else users.set(image, known);
    if (way && known.ways.size < MAX_WAYS) known.ways.set(JSON.stringify(way), way);
    else known.isUnclear = true;
  };

  return {
    /** Takes note of all that one data-block shows. */
    add: (scope: Scope): void => {
      isUnclear ||= !scope.isComplete;
      if (scope.code === 'TE') note(scope.record.pointer('ima'), imageUserFrames(scope.record, 'iuser'));
      for (const property of allOf(scope, 'IDProperty'))
        if (property.number('type') === PROPERTY_ID) note(property.pointer('data.pointer'), null);
      if (isPlain(scope)) return;
      for (const node of allOf(scope, 'bNode')) note(node.pointer('id'), wayOfNode(scope, node));
      for (const socket of allOf(scope, 'bNodeSocketValueImage')) note(socket.pointer('value'), null);
      for (const bake of allOf(scope, 'NodesModifierDataBlock')) note(bake.pointer('id'), null);
      for (const style of allOf(scope, 'MaterialGPencilStyle')) {
        note(style.pointer('ima'), null);
        note(style.pointer('sima'), null);
      }
    },
    /** Whether something in this file shows the image at this address, as far as that can be told. */
    isShown: (image: bigint): boolean => isUnclear || users.has(image),
    /** What can be told of the image at this address. `isRetimed`: strips show scenes on other frames than their own. */
    shownBy: (
      image: bigint,
      source: ExternalFile['source'],
      isRetimed: boolean,
    ): Pick<ExternalFile, 'shown'> => {
      if (isUnclear) return {};
      const known = users.get(image);
      if (!known) return { shown: [] };
      const isTold = source === 'sequence' && !known.isUnclear && !isRetimed;
      return isTold ? { shown: [...known.ways.values()] } : {};
    },
  };
}

function wayOfNode(scope: Scope, node: RecordView): ShownFrames | null {
  const storage = node.pointer('storage');
  const struct = (storage ? scope.data.get(storage)?.struct?.name : undefined) ?? '';
  const path = IMAGE_USERS.get(struct);
  const record = follow(scope, storage, struct);
  return record && path !== undefined ? imageUserFrames(record, path) : null;
}
