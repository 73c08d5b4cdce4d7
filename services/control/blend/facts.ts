import type { OutputNodeFacts, ScriptFacts, SimulationFacts } from './content-facts.ts';

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
  /** Images of libraries that this file shows by itself: what the library says of how it shows them is not all then. */
  readonly linkedImages: readonly LinkedImage[];
  /** Strips show scenes on other frames than their own: on which frames anything of a library is seen is not told. */
  readonly isRetimed: boolean;
  readonly scripts: ScriptFacts;
  readonly simulations: readonly SimulationFacts[];
  /** All of them, whether their compositor is on or not: `SceneFacts.useCompositor`. */
  readonly outputNodes: readonly OutputNodeFacts[];
  /** For people: what is odd about the file, or could not be told for sure. */
  readonly warnings: readonly string[];
}

/** What stands at the start of a .blend: all of its scenes, none of what they need. */
export type BlendSettings = Pick<
  BlendFacts,
  'compression' | 'blenderVersion' | 'bytesTotal' | 'bytesRead' | 'activeScene' | 'scenes' | 'warnings'
>;

export type Compression = 'none' | 'gzip' | 'zstd';

/** Render settings of one scene. A `null` stands for what this file does not say, never for a guess. */
export interface SceneFacts {
  readonly name: string;
  /** May be negative, and may lie after `frameEnd`: then nothing would be rendered. */
  readonly frameStart: number;
  readonly frameEnd: number;
  /** Where its author stood when it was saved; rendered is start to end. */
  readonly frameCurrent: number;
  /** 1 or more in sane files; a file may hold 0, which Blender cannot render. */
  readonly frameStep: number;
  /** Frames a second are `fps / fpsBase`: 30 / 1.001 = 29.97. */
  readonly fps: number;
  readonly fpsBase: number;
  /** Before `resolutionPercent`; the picture has `trunc(resolutionX * resolutionPercent / 100)` pixels a row. */
  readonly resolutionX: number;
  readonly resolutionY: number;
  readonly resolutionPercent: number;
  readonly pixelAspectX: number;
  readonly pixelAspectY: number;
  /** The part of the picture that is rendered, 0 to 1 from the lower left; null = all of it. */
  readonly region: RegionFacts | null;
  /** Blender's identifier: `CYCLES`, `BLENDER_EEVEE`, `BLENDER_WORKBENCH`, or that of an add-on. */
  readonly engine: string;
  /** Comes with no Blender that we know: without its add-on the worker silently renders with another engine. */
  readonly isAddonEngine: boolean;
  /** Samples a pixel; null for engines that have none or where it could not be told. */
  readonly samples: number | null;
  /** Nobody changed `samples`: it is the default of the Blender that saved the file. */
  readonly samplesAreDefault: boolean;
  /** Whether Cycles may stop a pixel early, and at which noise; null for other engines or where it is not known. */
  readonly useAdaptiveSampling: boolean | null;
  readonly adaptiveThreshold: number | null;
  /** Seconds after which Cycles stops a frame; 0 = no limit; null for other engines. */
  readonly timeLimitSeconds: number | null;
  /** Of Cycles' noise; null for other engines. */
  readonly seed: number | null;
  /** How often Cycles follows a ray on; null for other engines or where it is not known. */
  readonly maxBounces: number | null;
  /** How Cycles takes the samples of view layers: instead of the scene's, up to the scene's, or not at all. */
  readonly layerSamples: 'USE' | 'BOUNDED' | 'IGNORE' | null;
  /** The world is not in the picture: where nothing else is it is transparent. */
  readonly filmTransparent: boolean | null;
  /** As stored, but with `/` for `\`; `//` at the start is the folder of the .blend. */
  readonly outputPath: string;
  /** False: no `.png` is added to what `outputPath` makes. */
  readonly useFileExtension: boolean;
  /** False: Blender renders and writes nothing. Null in files from before 5.2.1, which always write. */
  readonly saveOutput: boolean | null;
  /** Blender's Python name (`PNG`, `OPEN_EXR`, `FFMPEG`…), or `unknown`. */
  readonly fileFormat: string;
  /** True where the output is one movie instead of a picture a frame; false also for an unknown format. */
  readonly isMovie: boolean;
  /** `MPEG4`, `MKV`… where `fileFormat` is FFMPEG; else null. */
  readonly movieContainer: string | null;
  /** A camera is set as the scene's active one. */
  readonly hasCamera: boolean;
  /** There is a camera, a marker that brings one, or a sequence: Blender would not refuse for want of a camera. */
  readonly canRender: boolean;
  /** Name of the scene whose objects are rendered, too; null = none, or one that is not in this file and has no name. */
  readonly backgroundScene: string | null;
  readonly viewLayers: readonly ViewLayerFacts[];
  /** Cycles' denoising of final frames; null for other engines. */
  readonly useDenoising: boolean | null;
  /** Cycles' denoiser, `OPTIX` or `OPENIMAGEDENOISE`; null for other engines or where it is not known. */
  readonly denoiser: string | null;
  /** What Cycles is told to render on; null for other engines. */
  readonly device: 'CPU' | 'GPU' | null;
  /** Stereo or multi-view: several pictures a frame. */
  readonly multiView: boolean;
  /** The enabled views in order when `multiView` is on; null when it is off or they could not be told. */
  readonly views: readonly ViewFacts[] | null;
  /** How views become files: `INDIVIDUAL` one file each, else one for all of a frame. Null without multi-view. */
  readonly viewsFormat: 'INDIVIDUAL' | 'STEREO_3D' | 'MULTIVIEW' | null;
  readonly useSequencer: boolean;
  /** The compositor is on, and there is one. */
  readonly useCompositor: boolean;
  /** False: frames that exist already are skipped. */
  readonly useOverwrite: boolean;
  /** True: an empty file stands in for each frame while it is rendered. */
  readonly usePlaceholders: boolean;
  /** Channels that are written. */
  readonly colorMode: 'BW' | 'RGB' | 'RGBA' | null;
  /** Of JPEG and WebP, 0 to 100. */
  readonly quality: number | null;
  /** Bits a channel: 8, 10, 12, 16 or 32. */
  readonly colorDepth: number | null;
}

export interface ViewLayerFacts {
  readonly name: string;
  /** Takes part in a render. */
  readonly enabled: boolean;
  /** Samples of its own for Cycles (`SceneFacts.layerSamples`); null = none. */
  readonly samples: number | null;
}

export interface LinkedImage {
  /** Path of the library, as `ExternalFile.path`. */
  readonly library: string;
  readonly name: string;
}

export interface RegionFacts {
  readonly xMin: number;
  readonly xMax: number;
  readonly yMin: number;
  readonly yMax: number;
  /** The picture is only as large as the region; else what is around it stays empty. */
  readonly isCropped: boolean;
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
  | 'import'
  | 'script';

/** A file that the .blend refers to. Paths are data: what they name may not exist, or lie anywhere. */
export interface ExternalFile {
  /**
   * As stored, with `/` for `\`. `//` at the start is the folder of the .blend. Where Blender derives a folder from the
   * name of the .blend, that name without its ending stands as `<blend>`.
   */
  readonly path: string;
  readonly kind: ExternalKind;
  /**
   * What the path stands for: one file, a file a frame of which it names one, a movie, `<UDIM>` tiles, or a folder.
   * Not given: one file.
   */
  readonly source?: 'file' | 'sequence' | 'movie' | 'tiles' | 'folder';
  /** The contents travel inside the .blend: the path is not needed. */
  readonly packed: boolean;
  /** Name of the data-block that refers to the file, without its two-letter code. */
  readonly owner: string;
  /** A cache folder that is only there when somebody has baked it: its absence may be all right. */
  readonly mayBeNeeded?: boolean;
  /**
   * How this file's own users show a sequence, each way once. Empty: nothing in this file shows it in a picture, which
   * is told of single images, movies and tiles, too. Not given: somebody does, or it could not be told.
   */
  readonly shown?: readonly ShownFrames[];
  /** Frames of the owner's scene in which this picture of an image strip is seen; `from` after `to`: never. */
  readonly onFrames?: { readonly from: number; readonly to: number };
  /** Numbers of the `<UDIM>` tiles. Not given where there are none or they could not be followed. */
  readonly tiles?: readonly number[];
}

/**
 * Which file of a sequence a frame of the scene shows: file number `n + offset` with `n = frame - start + 1`. Outside
 * of 1…`frames` n stays at the nearer end (`extend`), begins anew (`repeat`), comes back (`pingPong`), or there is no
 * picture (`clip`).
 */
export interface ShownFrames {
  readonly start: number;
  readonly frames: number;
  readonly offset: number;
  readonly mode: 'extend' | 'clip' | 'repeat' | 'pingPong';
}

/** Where the bytes of a file come from: memory, a disk, a bucket. All reads are of one generation of the object. */
export interface ByteSource {
  readonly size: number;
  /** Exactly `length` bytes from `offset`; the reader asks for nothing outside `size`. Throws what it likes. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

export interface ReadOptions {
  /** Ends the reading with `aborted`. The source is not told: its answer is no longer waited for. */
  readonly signal?: AbortSignal;
  /** Ends the reading with `tooSlow`. Not given: as long as the source takes. */
  readonly timeLimitMs?: number;
  /** Called once, as soon as the settings are known, which is long before the last file is. */
  readonly onSettings?: (settings: BlendSettings) => void;
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
 * `unreadable` the source of the bytes failed (the cause is kept) · `tooSlow` the caller's time limit is over · `aborted`
 * the caller's signal fired. The last three say nothing about the file.
 */
export type BlendErrorCode =
  | 'notABlend'
  | 'truncated'
  | 'corrupt'
  | 'tooNew'
  | 'tooLarge'
  | 'bomb'
  | 'unreadable'
  | 'tooSlow'
  | 'aborted';

/** The only thing that the reader throws. */
export class BlendError extends Error {
  readonly code: BlendErrorCode;

  constructor(code: BlendErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BlendError';
    this.code = code;
  }
}
