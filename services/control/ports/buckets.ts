import type { EpochMs } from '../core/time.ts';

/** One object as a listing or a look-up shows it. */
export interface ObjectSeen {
  /** Path inside the bucket, `/`-separated, never starting with `/`. */
  readonly path: string;
  /** Opaque; differs whenever the bytes were written anew. Compare for equality only. */
  readonly generation: string;
  readonly size: number;
  /** When these bytes were written, by the storage server's clock. */
  readonly updatedAt: EpochMs;
  /** CRC-32C of the bytes, base64 of the big-endian 4 bytes; `null` = not known yet (it is being computed), ask again. */
  readonly crc32c: string | null;
  /** The address of the person who sent it through our service; left out = it came another way, or nobody was asked. */
  readonly sentBy?: string;
}

/** Objects found under a prefix. */
export interface Listed {
  readonly objects: readonly ObjectSeen[];
  /** False: there are more than the limit allowed; what is not among `objects` may be there all the same. */
  readonly isWhole: boolean;
}

/** The scenes bucket: what people upload. Read only. Every method throws `PortError('transient')` when it cannot know. */
export interface Scenes {
  /**
   * Every shot (`.blend`) and settings file (`.render.json`) that is whole (one that is still being written is left out
   * until it holds still); other objects may be among them or not. Dear: called at start and then every few minutes.
   */
  list(): Promise<readonly ObjectSeen[]>;
  /** One object, or `null` when it is known to be absent (or not whole yet). A path outside the bucket is `null`. */
  look(path: string): Promise<ObjectSeen | null>;
  /**
   * The objects whose path starts with `prefix` (any text: `film/seq/plate_`), up to `limit` of them; those in folders
   * below it only if `isDeep`. For whole sequences, where looking one by one would take too long. `look` at what
   * has no `crc32c` yet: only that has it computed.
   */
  listUnder(prefix: string, options: { readonly isDeep: boolean; readonly limit: number }): Promise<Listed>;
  /**
   * Bytes `[offset, offset + length)` of exactly this generation; shorter at the end of the object.
   * `PortError('notFound')` when the object is gone or has another generation by now.
   */
  read(path: string, generation: string, offset: number, length: number): Promise<Uint8Array>;
}

/** The renders bucket: what workers write. */
export interface Renders {
  /** Every object whose path starts with `prefix`. An empty list is a known absence. */
  list(prefix: string): Promise<readonly ObjectSeen[]>;
  /** Bytes `[offset, offset + length)`, shorter at the end. `PortError('notFound')` when absent. */
  read(path: string, offset: number, length: number): Promise<Uint8Array>;
  /** Writes the whole object, replacing what was there. Used for reports only: frames are written by workers. */
  write(path: string, bytes: Uint8Array, contentType: string): Promise<void>;
}
