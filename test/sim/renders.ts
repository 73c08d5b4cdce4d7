import type { EpochMs } from '../../services/control/core/time.ts';
import type { ObjectSeen, Renders } from '../../services/control/ports/buckets.ts';
import { PortError } from '../../services/control/ports/errors.ts';
import type { SimClock } from './clock.ts';

interface Stored {
  readonly seen: ObjectSeen;
  /** A value is JSON that is made into bytes when somebody reads it. */
  readonly content: Uint8Array | object;
}

/** The end of a whole PNG. */
const PNG = Uint8Array.of(0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82);
/** `film/sh010/v001/` of a path. */
const FOLDER = /^.*?\/v\d{3,}\//;

/** The renders bucket in memory, listed by version folder as fast as it grows. */
export class SimRenders implements Renders {
  readonly #clock: SimClock;
  readonly #folders = new Map<string, Map<string, Stored>>();
  #written = 0;
  /** Told of each whole picture. */
  onPicture: (path: string) => void = () => {};

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  async list(prefix: string): Promise<readonly ObjectSeen[]> {
    const folder = this.#folders.get(prefix);
    if (folder !== undefined) return Array.from(folder.values(), ({ seen }) => seen);
    return [...this.#folders.values()]
      .flatMap((each) => Array.from(each.values(), ({ seen }) => seen))
      .filter(({ path }) => path.startsWith(prefix));
  }

  async read(path: string, offset: number, length: number): Promise<Uint8Array> {
    const stored = this.#get(path);
    if (stored === undefined) throw new PortError('notFound', `reading ${path}`);
    const { content } = stored;
    const bytes = content instanceof Uint8Array ? content : new TextEncoder().encode(JSON.stringify(content));
    return bytes.subarray(offset, offset + length);
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    this.#put(path, bytes, bytes.length);
  }

  /** A whole picture, or the first half of one. */
  putPicture(path: string, isWhole = true): void {
    const bytes = isWhole ? PNG : PNG.subarray(0, 6);
    this.#put(path, bytes, bytes.length);
    if (isWhole) this.onPicture(path);
  }

  /** JSON of the kit. */
  putValue(path: string, value: object): void {
    this.#put(path, value, 500);
  }

  valueAt(path: string): unknown {
    return this.#get(path)?.content;
  }

  /** What is there, without a call; `null` = nothing. */
  seen(path: string): ObjectSeen | null {
    return this.#get(path)?.seen ?? null;
  }

  remove(path: string): void {
    this.#folders.get(folderOf(path))?.delete(path);
    this.#clock.changed();
  }

  #get(path: string): Stored | undefined {
    return this.#folders.get(folderOf(path))?.get(path);
  }

  #put(path: string, content: Uint8Array | object, size: number): void {
    this.#written += 1;
    const updatedAt: EpochMs = this.#clock.now();
    const seen = { path, generation: String(this.#written), size, updatedAt, crc32c: 'AAAAAA==' };
    const name = folderOf(path);
    const folder = this.#folders.get(name) ?? new Map<string, Stored>();
    folder.set(path, { seen, content });
    this.#folders.set(name, folder);
  }
}

function folderOf(path: string): string {
  return FOLDER.exec(path)?.[0] ?? '';
}
