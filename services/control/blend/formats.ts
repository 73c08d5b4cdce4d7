/** `imtype` of pictures and of the movies that Blender still writes, by their Python names. */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'TARGA'],
  [1, 'IRIS'],
  [4, 'JPEG'],
  [7, 'IRIS'],
  [14, 'TARGA_RAW'],
  [15, 'AVI_RAW'],
  [16, 'AVI_JPEG'],
  [17, 'PNG'],
  [20, 'BMP'],
  [21, 'HDR'],
  [22, 'TIFF'],
  [23, 'OPEN_EXR'],
  [24, 'FFMPEG'],
  [26, 'CINEON'],
  [27, 'DPX'],
  [28, 'OPEN_EXR_MULTILAYER'],
  [29, 'DDS'],
  [30, 'JPEG2000'],
  [34, 'PSD'],
  [35, 'WEBP'],
  [37, 'AVIF'],
]);

/** Movies, those included that today's Blender has no name for any more. */
const MOVIES: ReadonlySet<number> = new Set([5, 15, 16, 18, 19, 24, 25, 31, 32, 33, 36]);

/** Flags of `im_format.depth`: one is set. */
const DEPTHS: ReadonlyMap<number, number> = new Map([
  [1, 1],
  [2, 8],
  [4, 10],
  [8, 12],
  [16, 16],
  [32, 24],
  [64, 32],
]);

export function formatName(imtype: number | null): string {
  return NAMES.get(imtype ?? -1) ?? 'unknown';
}

export function isMovieFormat(imtype: number | null): boolean {
  return MOVIES.has(imtype ?? -1);
}

/** Bits a channel; null if the file has no such setting. */
export function colorDepth(flag: number | null): number | null {
  return DEPTHS.get(flag ?? -1) ?? null;
}
