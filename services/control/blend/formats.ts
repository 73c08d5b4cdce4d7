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

/** `ffcodecdata.type` */
const CONTAINERS: ReadonlyMap<number, string> = new Map([
  [0, 'MPEG1'],
  [1, 'MPEG2'],
  [2, 'MPEG4'],
  [3, 'AVI'],
  [4, 'QUICKTIME'],
  [5, 'DV'],
  [8, 'FLASH'],
  [9, 'MKV'],
  [10, 'OGG'],
  [12, 'WEBM'],
]);

/** `planes`: bits a pixel, of 8 bits a channel whatever the depth is. */
const COLOR_MODES: ReadonlyMap<number, 'BW' | 'RGB' | 'RGBA'> = new Map([
  [8, 'BW'],
  [24, 'RGB'],
  [32, 'RGBA'],
] as const);

export function containerName(type: number | null): string {
  return CONTAINERS.get(type ?? -1) ?? 'unknown';
}

export function colorMode(planes: number | null): 'BW' | 'RGB' | 'RGBA' | null {
  return COLOR_MODES.get(planes ?? -1) ?? null;
}

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
