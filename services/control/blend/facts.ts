/** What a .blend says about itself, as far as it can be known without Blender. `null` = the file does not tell. */
export interface BlendFacts {
  readonly compression: Compression;
  /** Version of the Blender that saved the file, such as `2.79`, `3.4` or `5.2`. */
  readonly blenderVersion: string;
  /** Size of the file as it is stored, compressed or not. */
  readonly bytesTotal: number;
  /** How many of these were asked of the source, re-reads included. */
  readonly bytesRead: number;
  /** Name of the scene that Blender would render; null when it is linked from another file or there is none. */
  readonly activeScene: string | null;
  /** All local scenes in file order. */
  readonly scenes: readonly SceneFacts[];
  readonly externalFiles: readonly ExternalFile[];
  /** For people: what is odd about the file, or could not be told for sure. */
  readonly warnings: readonly string[];
}

export type Compression = 'none' | 'gzip' | 'zstd';

/** Render settings of one scene. A `null` stands for what this file does not say, never for a guess. */
export interface SceneFacts {
  readonly name: string;
  /** May be negative, and may lie after `frameEnd`: then nothing would be rendered. */
  readonly frameStart: number;
  readonly frameEnd: number;
  /** 1 or more in sane files; a file may hold 0, which Blender cannot render. */
  readonly frameStep: number;
  /** Frames a second are `fps / fpsBase`: 30 / 1.001 = 29.97. */
  readonly fps: number;
  readonly fpsBase: number;
  /** Before `resolutionPercent`; the picture has `trunc(resolutionX * resolutionPercent / 100)` pixels a row. */
  readonly resolutionX: number;
  readonly resolutionY: number;
  readonly resolutionPercent: number;
  /** Blender's identifier: `CYCLES`, `BLENDER_EEVEE`, `BLENDER_WORKBENCH`, or that of an add-on. */
  readonly engine: string;
  /** Samples a pixel; null for engines that have none or where it could not be told. */
  readonly samples: number | null;
  /** As stored, but with `/` for `\`; `//` at the start is the folder of the .blend. */
  readonly outputPath: string;
  /** Blender's Python name (`PNG`, `OPEN_EXR`, `FFMPEG`…), or `unknown`. */
  readonly fileFormat: string;
  /** True where the output is one movie instead of a picture a frame; false also for an unknown format. */
  readonly isMovie: boolean;
  /** A camera is set as the scene's active one. */
  readonly hasCamera: boolean;
  /** There is a camera, a marker that brings one, or a sequence: Blender would not refuse for want of a camera. */
  readonly canRender: boolean;
  readonly viewLayers: readonly ViewLayerFacts[];
  /** Cycles' denoising of final frames; null for other engines. */
  readonly useDenoising: boolean | null;
  /** What Cycles is told to render on; null for other engines. */
  readonly device: 'CPU' | 'GPU' | null;
  /** Stereo or multi-view: several pictures a frame. */
  readonly multiView: boolean;
  /** The enabled views in order when `multiView` is on; null when it is off or they could not be told. */
  readonly views: readonly ViewFacts[] | null;
  /** How views become files: `INDIVIDUAL` one file each, else one for all of a frame. Null without multi-view. */
  readonly viewsFormat: 'INDIVIDUAL' | 'STEREO_3D' | 'MULTIVIEW' | null;
  readonly useSequencer: boolean;
  /** False: frames that exist already are skipped. */
  readonly useOverwrite: boolean;
  /** Bits a channel: 8, 10, 12, 16 or 32. */
  readonly colorDepth: number | null;
}

export interface ViewLayerFacts {
  readonly name: string;
  /** Takes part in a render. */
  readonly enabled: boolean;
}

export interface ViewFacts {
  readonly name: string;
  /** What Blender puts into the file names of this view, such as `_L`. */
  readonly suffix: string;
}

export type ExternalKind =
  | 'image'
  | 'library'
  | 'sound'
  | 'font'
  | 'movieclip'
  | 'cache'
  | 'volume'
  | 'strip'
  | 'ies'
  | 'script';

/** A file that the .blend refers to. Paths are data: what they name may not exist, or lie anywhere. */
export interface ExternalFile {
  /** As stored, with `/` for `\`. `//` at the start is the folder of the .blend. */
  readonly path: string;
  readonly kind: ExternalKind;
  /** How an image or strip uses the path: one picture, a picture a frame, a movie, or `<UDIM>` tiles. */
  readonly source?: 'file' | 'sequence' | 'movie' | 'tiles';
  /** The contents travel inside the .blend: the path is not needed. */
  readonly packed: boolean;
  /** Name of the data-block that refers to the file, without its two-letter code. */
  readonly owner: string;
  /** A cache folder that is only there when somebody has baked it: its absence may be all right. */
  readonly mayBeNeeded?: boolean;
}

/** Where the bytes of a file come from: memory, a disk, a bucket. All reads are of one generation of the object. */
export interface ByteSource {
  readonly size: number;
  /** Exactly `length` bytes from `offset`; the reader asks for nothing outside `size`. Throws what it likes. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Decompression, which differs between Node and browsers. */
export interface BlendTools {
  /**
   * Decodes one whole Zstandard frame, which is said to hold `expectedBytes`: more is never wanted. Whatever is
   * wrong with the frame is thrown as any error. The frame is only lent until the result is there.
   */
  inflateZstdFrame(frame: Uint8Array, expectedBytes: number): Uint8Array | Promise<Uint8Array>;
  /** Decodes one Zstandard frame piece by piece, for files that hold frames of any size. Errors as above. */
  inflateZstdStream(compressed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /**
   * Decodes a gzip stream piece by piece, reading `compressed` only as fast as its own output is taken.
   * A broken stream is thrown as any error.
   */
  gunzip(compressed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/**
 * Why a file could not be read:
 * `notABlend` something else · `truncated` ends too early · `corrupt` contradicts itself · `tooNew` a format from
 * after this reader · `tooLarge` beyond the reader's limits · `bomb` decompresses to far more than it is ·
 * `unreadable` the source of the bytes failed (the cause is kept).
 */
export type BlendErrorCode =
  | 'notABlend'
  | 'truncated'
  | 'corrupt'
  | 'tooNew'
  | 'tooLarge'
  | 'bomb'
  | 'unreadable';

/** The only thing that the reader throws. */
export class BlendError extends Error {
  readonly code: BlendErrorCode;

  constructor(code: BlendErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BlendError';
    this.code = code;
  }
}
