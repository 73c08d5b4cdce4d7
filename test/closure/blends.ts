import { buildBlend, CLASSIC, GLOBAL, sceneBlock } from '../blend/builder.ts';

interface Contents {
  readonly images?: readonly string[];
  readonly sequences?: readonly string[];
  readonly libraries?: readonly string[];
  /** Without one it is a library, whoever links it. */
  readonly camera?: boolean;
  /** Makes other bytes of the same contents. */
  readonly samples?: number;
}

/** A property of the object that points to an image: somebody shows it, and nobody can tell how. */
function shows(index: number) {
  const values = { type: 7, name: `p${index}`, 'data.pointer': BigInt(0x1000 + index) };
  return { code: 'DATA', old: BigInt(0x4000 + index), struct: 'IDProperty', values };
}

/** A .blend with frames 1 to 4 that refers to these. */
export function blend({
  images = [],
  sequences = [],
  libraries = [],
  camera = true,
  samples = 1,
}: Contents): Uint8Array {
  const image = (path: string, source: number, index: number) => ({
    code: 'IM',
    old: BigInt(0x1000 + index),
    struct: 'Image',
    values: { 'id.name': `IMi${index}`, name: path, source },
  });
  const library = (path: string, index: number) => ({
    code: 'LI',
    old: BigInt(0x2000 + index),
    struct: 'Library',
    values: { 'id.name': `LI${index}`, name: path },
  });
  return buildBlend(CLASSIC, [
    GLOBAL,
    sceneBlock({
      'r.efra': 4,
      'r.frame_step': 1,
      'r.pic': '//tablao_',
      'eevee.taa_render_samples': samples,
      camera: camera ? 0x99n : 0n,
    }),
    ...images.map((path, index) => image(path, 1, index)),
    ...sequences.map((path, index) => image(path, 2, 100 + index)),
    ...libraries.map(library),
    { code: 'OB', old: 0x3000n, struct: 'Object', values: { 'id.name': 'OBuser' } },
    ...images.map((_, index) => shows(index)),
    ...sequences.map((_, index) => shows(100 + index)),
  ]);
}
