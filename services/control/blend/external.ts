import { textOf } from './bytes.ts';
import type { ExternalFile, ExternalKind } from './facts.ts';
import type { RecordView } from './record.ts';
import { allOf, follow, followArray, type Scope } from './scope.ts';

/** Structs in the DATA of any data-block that may name a file. */
export const REFERRING_STRUCTS: ReadonlySet<string> = new Set([
  'Sequence',
  'MeshCacheModifierData',
  'OceanModifierData',
  'FluidDomainSettings',
  'PointCache',
  'NodesModifierData',
  'NodeShaderTexIES',
  'NodeShaderScript',
]);

/** Types of data-blocks that may name a file themselves: their structs are kept whole. */
export const REFERRING_CODES: ReadonlySet<string> = new Set(['LI', 'IM', 'SO', 'VF', 'MC', 'CF', 'VO']);

const LIBRARY_IS_ARCHIVE = 1 << 0;
const STRIP_IMAGE = 0;
const STRIP_MOVIE = 3;
const CACHE_ON_DISK = 1 << 6;
const CACHE_EXTERNAL = 1 << 9;
const SOURCES: ReadonlyMap<number, NonNullable<ExternalFile['source']>> = new Map([
  [1, 'file'],
  [2, 'sequence'],
  [3, 'movie'],
  [6, 'tiles'],
] as const);
/** Generated pictures and views of a render: there is no file. */
const FILELESS_SOURCES: ReadonlySet<number> = new Set([4, 5]);

/** All files that one data-block refers to. Empty paths mean none. */
export function filesOf(scope: Scope, warn: (text: string) => void): readonly ExternalFile[] {
  if (scope.isLinked) return [];
  const files = [...ownFiles(scope), ...stripFiles(scope), ...modifierFiles(scope), ...nodeFiles(scope)];
  if (allOf(scope, 'PointCache').some(isDiskCache))
    warn(`"${scope.name}" keeps a physics cache on disk, in the folder blendcache_<name of the .blend>.`);
  return files.filter((file) => file.path !== '');
}

function ownFiles(scope: Scope): readonly ExternalFile[] {
  const { record } = scope;
  switch (scope.code) {
    case 'LI':
      return isArchive(record) ? [] : [file(scope, 'library', record.text('name'), isPacked(record))];
    case 'IM':
      return imageFiles(scope);
    case 'SO':
      return [file(scope, 'sound', record.text('name'), isPacked(record))];
    case 'VF':
      return record.text('name') === '<builtin>'
        ? []
        : [file(scope, 'font', record.text('name'), isPacked(record))];
    case 'MC':
      return [file(scope, 'movieclip', record.text('name'))];
    case 'CF':
      return [file(scope, 'cache', record.text('filepath'))];
    case 'VO':
      return [file(scope, 'volume', record.text('filepath'), isPacked(record))];
    default:
      return [];
  }
}

/** Since 5.0: a library that only groups data-blocks packed into this file. */
function isArchive(library: RecordView): boolean {
  return ((library.number('flag') ?? 0) & LIBRARY_IS_ARCHIVE) !== 0;
}

function isPacked(record: RecordView): boolean {
  return Boolean(record.pointer('packedfile'));
}

function imageFiles(scope: Scope): readonly ExternalFile[] {
  const { record } = scope;
  const sourceNumber = record.number('source') ?? 1;
  if (FILELESS_SOURCES.has(sourceNumber)) return [];
  const packed = isPacked(record) || Boolean(record.pointer('packedfiles.first'));
  const source = SOURCES.get(sourceNumber);
  const found = file(scope, 'image', record.text('name'), packed);
  return [source ? { ...found, source } : found];
}

/** A strip of pictures names each of them; a sound strip refers to its sound, and its own path is stale. */
function stripFiles(scope: Scope): readonly ExternalFile[] {
  return allOf(scope, 'Sequence').flatMap((sequence) => {
    const type = sequence.number('type');
    if (type !== STRIP_IMAGE && type !== STRIP_MOVIE) return [];
    const strip = follow(scope, sequence.pointer('strip'), 'Strip');
    const elements = followArray(scope, strip?.pointer('stripdata') ?? null, 'StripElem');
    const used = type === STRIP_MOVIE ? elements.slice(0, 1) : elements;
    const source = type === STRIP_MOVIE ? 'movie' : 'file';
    const folder = strip?.text('dir') ?? '';
    return used.map((element) => ({ ...file(scope, 'strip', join(folder, element.text('name'))), source }));
  });
}

function join(folder: string, name: string | null): string {
  if (!name) return '';
  return folder === '' || /[\\/]$/.test(folder) ? folder + name : `${folder}/${name}`;
}

function modifierFiles(scope: Scope): readonly ExternalFile[] {
  return [
    ...allOf(scope, 'MeshCacheModifierData').map((cache) => file(scope, 'cache', cache.text('filepath'))),
    ...allOf(scope, 'OceanModifierData')
      .filter((ocean) => ocean.number('cached'))
      .map((ocean) => file(scope, 'cache', ocean.text('cachepath'))),
    ...allOf(scope, 'FluidDomainSettings').map((fluid) => maybe(scope, fluid.text('cache_directory'))),
    ...allOf(scope, 'PointCache')
      .filter((cache) => hasFlag(cache, CACHE_EXTERNAL))
      .map((cache) => file(scope, 'cache', cache.text('path'))),
    ...allOf(scope, 'NodesModifierData').map((nodes) =>
      maybe(scope, rawText(scope, nodes.pointer('simulation_bake_directory'))),
    ),
  ];
}

function isDiskCache(cache: RecordView): boolean {
  return hasFlag(cache, CACHE_ON_DISK) && !hasFlag(cache, CACHE_EXTERNAL);
}

function hasFlag(cache: RecordView, bit: number): boolean {
  return ((cache.number('flag') ?? 0) & bit) !== 0;
}

function nodeFiles(scope: Scope): readonly ExternalFile[] {
  const external = (struct: string) => allOf(scope, struct).filter((node) => node.number('mode') === 1);
  return [
    ...external('NodeShaderTexIES').map((node) => file(scope, 'ies', node.text('filepath'))),
    ...external('NodeShaderScript').map((node) => file(scope, 'script', node.text('filepath'))),
  ];
}

/** A path that stands in a block of its own. */
function rawText(scope: Scope, address: bigint | null): string | null {
  const block = address ? scope.data.get(address) : undefined;
  return block && !block.struct ? textOf(block.body) : null;
}

function file(scope: Scope, kind: ExternalKind, path: string | null, packed = false): ExternalFile {
  return { path: (path ?? '').replaceAll('\\', '/'), kind, packed, owner: scope.name };
}

function maybe(scope: Scope, path: string | null): ExternalFile {
  return { ...file(scope, 'cache', path), mayBeNeeded: true };
}
