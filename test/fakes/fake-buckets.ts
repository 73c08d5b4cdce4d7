import { crc32c } from '@node-rs/crc32';
import type { EpochMs } from '../../services/control/core/time.ts';
import type { Listed, ObjectSeen, Renders, Scenes } from '../../services/control/ports/buckets.ts';
import { PortError } from '../../services/control/ports/errors.ts';
import { Fake } from './fake.ts';

interface Stored {
  readonly bytes: Uint8Array;
  readonly generation: string;
  readonly updatedAt: EpochMs;
  readonly crc32c: string;
}

interface Options {
  readonly clock: { now(): EpochMs };
}

/** The objects of a bucket in memory; what both fakes stand on. */
class ObjectStore {
  readonly #clock: { now(): EpochMs };
  readonly #objects = new Map<string, Stored>();
  #written = 0;

  constructor(clock: { now(): EpochMs }) {
    this.#clock = clock;
  }

  put(path: string, content: Uint8Array | string, updatedAt?: EpochMs): void {
    this.#written += 1;
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content.slice();
    this.#objects.set(path, {
      bytes,
      crc32c: crc32cOf(bytes),
      generation: String(this.#written),
      updatedAt: updatedAt ?? this.#clock.now(),
    });
  }

  remove(path: string): void {
    this.#objects.delete(path);
  }

  get(path: string): Stored | null {
    return this.#objects.get(path) ?? null;
  }

  paths(prefix: string): readonly string[] {
    return [...this.#objects.keys()].filter((path) => path.startsWith(prefix)).sort();
  }

  seen(path: string): ObjectSeen | null {
    const stored = this.get(path);
    if (stored === null) return null;
    const { bytes, generation, updatedAt, crc32c } = stored;
    return { path, generation, size: bytes.length, updatedAt, crc32c };
  }

  list(prefix: string): readonly ObjectSeen[] {
    return this.paths(prefix).flatMap((path) => this.seen(path) ?? []);
  }
}

/** The scenes bucket in memory: `put` is an upload. */
export class FakeScenes extends Fake<Scenes> implements Scenes {
  readonly #store: ObjectStore;
  readonly #unhashed = new Set<string>();
  readonly #senders = new Map<string, string>();

  constructor({ clock }: Options) {
    super();
    this.#store = new ObjectStore(clock);
  }

  list(): Promise<readonly ObjectSeen[]> {
    return this.answer('list', [], () => this.#store.list('').map((seen) => this.#withCrc(seen)));
  }

  look(path: string): Promise<ObjectSeen | null> {
    return this.answer('look', [path], () => {
      const seen = this.#store.seen(path);
      return seen === null ? null : this.#withCrc(seen);
    });
  }

  listUnder(
    prefix: string,
    { isDeep, limit }: { readonly isDeep: boolean; readonly limit: number },
  ): Promise<Listed> {
    return this.answer('listUnder', [prefix], () => {
      const found = this.#store
        .list(prefix)
        .filter(({ path }) => isDeep || !path.slice(prefix.length).includes('/'));
      const objects = found.slice(0, limit).map((seen) => this.#withCrc(seen));
      return { objects, isWhole: objects.length === found.length };
    });
  }

  read(path: string, generation: string, offset: number, length: number): Promise<Uint8Array> {
    return this.answer('read', [path, generation, offset, length], () => {
      const stored = this.#store.get(path);
      if (stored === null || stored.generation !== generation)
        throw new PortError('notFound', `reading ${path} of generation ${generation}`);
      return stored.bytes.slice(offset, offset + length);
    });
  }

  put(path: string, content: Uint8Array | string, updatedAt?: EpochMs): void {
    this.#store.put(path, content, updatedAt);
  }

  remove(path: string): void {
    this.#store.remove(path);
  }

  /** What is there, without a call; `null` = nothing. */
  peek(path: string): ObjectSeen | null {
    return this.#store.seen(path);
  }

  /** What an object holds, without a call. */
  bytesOf(path: string): Uint8Array {
    const stored = this.#store.get(path);
    if (stored === null) throw new Error(`there is no ${path}`);
    return stored.bytes;
  }

  /** `false`: its crc32c is still being computed (`null`) until the test says `true`. */
  setHashed(path: string, isHashed: boolean): void {
    if (isHashed) this.#unhashed.delete(path);
    else this.#unhashed.add(path);
  }

  /** As an object tells that was sent through our service. */
  setSender(path: string, person: string): void {
    this.#senders.set(path, person);
  }

  #withCrc(seen: ObjectSeen): ObjectSeen {
    const sentBy = this.#senders.get(seen.path);
    return {
      ...seen,
      ...(this.#unhashed.has(seen.path) && { crc32c: null }),
      ...(sentBy !== undefined && { sentBy }),
    };
  }
}

/** The renders bucket in memory: `put` is a frame that a worker has written. */
export class FakeRenders extends Fake<Renders> implements Renders {
  readonly #store: ObjectStore;

  constructor({ clock }: Options) {
    super();
    this.#store = new ObjectStore(clock);
  }

  list(prefix: string): Promise<readonly ObjectSeen[]> {
    return this.answer('list', [prefix], () => this.#store.list(prefix));
  }

  read(path: string, offset: number, length: number): Promise<Uint8Array> {
    return this.answer('read', [path, offset, length], () => {
      const stored = this.#store.get(path);
      if (stored === null) throw new PortError('notFound', `reading ${path}`);
      return stored.bytes.slice(offset, offset + length);
    });
  }

  write(path: string, bytes: Uint8Array, contentType: string): Promise<void> {
    return this.answer('write', [path, bytes, contentType], () => this.#store.put(path, bytes));
  }

  put(path: string, content: Uint8Array | string, updatedAt?: EpochMs): void {
    this.#store.put(path, content, updatedAt);
  }

  remove(path: string): void {
    this.#store.remove(path);
  }

  /** The text of an object, without a call; `null` = absent. */
  textOf(path: string): string | null {
    const stored = this.#store.get(path);
    return stored === null ? null : new TextDecoder().decode(stored.bytes);
  }
}

function crc32cOf(bytes: Uint8Array): string {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(crc32c(Buffer.from(bytes)));
  return four.toString('base64');
}
