import type { RecordView } from './record.ts';
import { follow, followArray, type Scope } from './scope.ts';

/** Where a mesh keeps layers that may stand in a file of their own: at corners, at faces before 2.63. */
const PLACES = ['ldata', 'fdata'] as const;
/** `CustomDataLayer.flag`. */
const EXTERNAL = 1 << 3;

/** Whether a mesh knows a file of its own for layers: the displacements of a Multiresolution modifier (.btx). */
export function namesLayerFile(mesh: RecordView): boolean {
  return PLACES.some((place) => mesh.pointer(`${place}.external`));
}

/** Paths of the files that layers of a mesh stand in. The path stays when they are packed again, so the layers must say so. */
export function layerFiles(scope: Scope): readonly string[] {
  if (scope.code !== 'ME') return [];
  const { record } = scope;
  return PLACES.flatMap((place) => {
    // Of a mesh whose modifier was removed Blender 5 keeps the path, and perhaps no layer at corners at all.
    if (record.number(`${place}.totlayer`) === 0) return [];
    const file = follow(scope, record.pointer(`${place}.external`), 'CustomDataExternal');
    const layers = followArray(scope, record.pointer(`${place}.layers`), 'CustomDataLayer');
    // Where the layers cannot be followed a file is rather asked for in vain than left out.
    const isRead = layers.length === 0 || layers.some((one) => ((one.number('flag') ?? 0) & EXTERNAL) !== 0);
    return file && isRead ? [file.text('filename') ?? ''] : [];
  });
}
