import { rawText } from './caches.ts';
import type { OutputNodeFacts } from './content-facts.ts';
import { formatName } from './formats.ts';
import type { RecordView } from './record.ts';
import { allOf, follow, followArray, isPlain, listFrom, type Scope } from './scope.ts';

/** `bNode.flag` */
const MUTED = 1 << 9;
const NAMES_PER_NODE = 1000;

interface Found {
  readonly node: Omit<OutputNodeFacts, 'scene'>;
  /** Name of the scene where it is the scene's own tree; else the tree's address. */
  readonly in: string | bigint;
}

/** File Output nodes of the whole file. */
export function createOutputNodes() {
  const found: Found[] = [];
  const sceneOfTree = new Map<bigint, string>();
  return {
    /** Takes note of what one data-block writes. */
    add: (scope: Scope): void => {
      if (scope.isLinked) return;
      const group = scope.code === 'SC' ? scope.record.pointer('compositing_node_group') : null;
      if (group) sceneOfTree.set(group, scope.name);
      // Scenes that have a group still hold a copy for older Blenders.
      const isWriting = scope.code === 'NT' || (scope.code === 'SC' && group === null);
      if (!isWriting || isPlain(scope)) return;
      for (const node of allOf(scope, 'bNode')) {
        const storage = follow(scope, node.pointer('storage'), 'NodeImageMultiFile');
        if (storage)
          found.push({
            node: describe(scope, node, storage),
            in: scope.code === 'SC' ? scope.name : scope.old,
          });
      }
    },
    all: (): readonly OutputNodeFacts[] =>
      found.map(({ node, in: place }) => ({
        scene: typeof place === 'string' ? place : (sceneOfTree.get(place) ?? null),
        ...node,
      })),
  };
}

function describe(scope: Scope, node: RecordView, storage: RecordView): Found['node'] {
  const fileName = storage.pointer('file_name');
  return {
    tree: scope.code === 'NT' ? scope.name : null,
    node: node.text('name') ?? '',
    isMuted: ((node.number('flag') ?? 0) & MUTED) !== 0,
    basePath: slashed(storage.text('base_path') ?? ''),
    fileName: fileName === null ? null : slashed(rawText(scope, fileName) ?? ''),
    fileFormat: formatName(storage.number('format.imtype')),
    names: namesOf(scope, node, storage).slice(0, NAMES_PER_NODE),
  };
}

function namesOf(scope: Scope, node: RecordView, storage: RecordView): readonly string[] {
  const items = followArray(scope, storage.pointer('items'), 'NodeCompositorFileOutputItem');
  if (items.length > 0) return items.map((item) => slashed(rawText(scope, item.pointer('name')) ?? ''));
  // Until 4.5 each input has its own path, or the name of its layer.
  const isLayered = formatName(storage.number('format.imtype')) === 'OPEN_EXR_MULTILAYER';
  const inputs = listFrom(scope, node.pointer('inputs.first'), 'bNodeSocket') ?? [];
  return inputs
    .map((input) => follow(scope, input.pointer('storage'), 'NodeImageMultiFileSocket'))
    .filter((input) => input !== null)
    .map((input) => (isLayered ? (input.text('layer') ?? '') : slashed(input.text('path') ?? '')));
}

function slashed(path: string): string {
  return path.replaceAll('\\', '/');
}
