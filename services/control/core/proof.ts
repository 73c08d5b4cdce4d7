export interface RecordedFile {
  readonly path: string;
  readonly bytes: number;
}

/** A frame's record as the kit wrote it (services/blender-kit). */
export interface FrameRecord {
  readonly frame: number;
  readonly run: string;
  readonly state: 'rendering' | 'done' | 'failed';
  readonly attempt: number;
  /** RFC 3339 in UTC; `null` = not recorded. */
  readonly startedAt: string | null;
  readonly worker: string;
  readonly seconds: number | null;
  readonly loadSeconds: number | null;
  readonly peakMemoryMiB: number | null;
  readonly device: string | null;
  /** What the frame consists of, relative to the version's folder: a file a view, then what File Output nodes wrote. */
  readonly files: readonly RecordedFile[];
  readonly warnings: readonly string[];
  readonly error: string | null;
}

/**
 * What was found of one frame in the renders bucket: `proved` = every expected file is there, newer than the run, and
 * whole to its end; `unknown` = could not be read this time.
 */
export interface FrameVerdict {
  readonly frame: number;
  readonly verdict: 'proved' | 'missing' | 'broken' | 'unknown';
  readonly message: string;
  readonly record: FrameRecord | null;
}
