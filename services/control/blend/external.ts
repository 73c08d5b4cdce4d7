import { cacheFiles } from './caches.ts';
import type { ExternalFile, ExternalKind } from './facts.ts';
import { movieClipFrames, tilesOf, volumeFrames } from './image-frames.ts';
import { layerFiles } from './layer-files.ts';
import type { RecordView } from './record.ts';
import { allOf, follow, isPlain, listFrom, type Scope } from './scope.ts';
import { stripFiles } from './strips.ts';

const LIBRARY_IS_ARCHIVE = 1 << 0;
const LAYER_HIDDEN = 1 << 0;
/** `Camera.type` and `.custom_mode`: since 5.0 a shader may say how light falls into a camera. */
const CUSTOM_CAMERA = 3;
const SHADER_IN_FILE = 1;
const SOURCES: ReadonlyMap<number, NonNullable<ExternalFile['source']>> = new Map([
  [1, 'file'],
  [2, 'sequence'],
  [3, 'movie'],
  [6, 'tiles'],
] as const);
/** Generated pictures and views of a render: there is no file. */
const FILELESS_SOURCES: ReadonlySet<number> = new Set([4, 5]);

/** All files that one data-block refers to. Empty paths mean none. */
export function filesOf(scope: Scope): readonly ExternalFile[] {
  if (scope.isLinked) return [];
  const files = [...ownFiles(scope), ...dataFiles(scope)];
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
      return [{ ...file(scope, 'movieclip', record.text('name')), ...movieClipFrames(record) }];
    case 'CF':
      return [
        {
          ...file(scope, 'cache', record.text('filepath')),
          source: record.number('is_sequence') ? 'sequence' : 'file',
        },
        ...shownLayers(scope).map((layer) => file(scope, 'cache', layer.text('filepath'))),
      ];
    case 'CA':
      return record.number('type') === CUSTOM_CAMERA && record.number('custom_mode') === SHADER_IN_FILE
        ? [file(scope, 'script', record.text('custom_filepath'))]
        : [];
    case 'VO':
      return [
        { ...file(scope, 'volume', record.text('filepath'), isPacked(record)), ...volumeFrames(record) },
      ];
    default:
      return [];
  }
}

/** Alembic archives that are laid over a cache's own (3.1 and later). */
function shownLayers(scope: Scope): readonly RecordView[] {
  return allOf(scope, 'CacheFileLayer').filter((layer) => ((layer.number('flag') ?? 0) & LAYER_HIDDEN) === 0);
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
  const tiles = source === 'tiles' ? tilesOf(scope) : null;
  return [{ ...found, ...(source ? { source } : {}), ...(tiles ? { tiles } : {}) }];
}

/** Files that are named in what belongs to a data-block: strips, modifiers, physics, nodes. */
function dataFiles(scope: Scope): readonly ExternalFile[] {
  if (isPlain(scope)) return [];
  const external = (struct: string) => allOf(scope, struct).filter((node) => node.number('mode') === 1);
  return [
    ...stripFiles(scope).map((strip) => ({ ...file(scope, 'strip', strip.path), ...rest(strip) })),
    ...cacheFiles(scope).map((cache) => ({ ...file(scope, 'cache', cache.path), ...rest(cache) })),
    ...layerFiles(scope).map((path) => file(scope, 'cache', path)),
    ...external('NodeShaderTexIES').map((node) => file(scope, 'ies', node.text('filepath'))),
    ...importedFiles(scope),
    ...external('NodeShaderScript').map((node) => file(scope, 'script', node.text('filepath'))),
  ];
}

/** What geometry nodes import (4.5 and later); whether anything uses the nodes is not told here. */
function importedFiles(scope: Scope): readonly ExternalFile[] {
  if (scope.code !== 'NT') return [];
  return allOf(scope, 'bNode')
    .filter((node) => node.text('idname')?.startsWith('GeometryNodeImport'))
    .flatMap((node) => listFrom(scope, node.pointer('inputs.first'), 'bNodeSocket')?.slice(0, 1) ?? [])
    .map((socket) => follow(scope, socket.pointer('default_value'), 'bNodeSocketValueString'))
    .map((value) => ({ ...file(scope, 'import', value?.text('value') ?? ''), mayBeNeeded: true }));
}

function rest<T extends { readonly path: string }>({ path: _, ...others }: T): Omit<T, 'path'> {
  return others;
}

function file(scope: Scope, kind: ExternalKind, path: string | null, packed = false): ExternalFile {
  return { path: (path ?? '').replaceAll('\\', '/'), kind, packed, owner: scope.name };
}
