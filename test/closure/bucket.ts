import type { Catalog, CatalogEntry } from '../../services/control/core/catalog.ts';
import { type ClosureMet, closureOf, meetClosure } from '../../services/control/core/closure.ts';
import type { InputSeen } from '../../services/control/core/model.ts';
import type { SettingsFile } from '../../services/control/core/settings.ts';
import type { FileReference, ShotFacts } from '../../services/control/core/shot-facts.ts';
import { listingFor, listingKey } from '../../services/control/core/wanted-files.ts';

interface Blend extends Pick<ShotFacts, 'linkedImages' | 'isRetimed'> {
  readonly references: readonly Reference[];
}

type Reference = string | (Partial<FileReference> & { readonly path: string });

/** What is in a bucket: each .blend with what it refers to, and the other files. */
export interface Bucket {
  readonly blends: Readonly<Record<string, readonly Reference[] | Blend>>;
  readonly files: readonly string[];
}

interface Asked {
  readonly frames?: readonly number[] | null;
  readonly manifest?: SettingsFile['inputs'];
}

export function catalogOf({ blends }: Bucket): Catalog {
  return new Map(Object.entries(blends).map(([path, blend]) => [path, entry(path, blend)]));
}

/** The first .blend is the shot. Everything that it asks for is looked at, as a pass would. */
export function meet(
  bucket: Bucket,
  { frames = [], manifest }: Asked = {},
  catalog = catalogOf(bucket),
): ClosureMet {
  const [shot = ''] = Object.keys(bucket.blends);
  const closure = closureOf(shot, catalog);
  const there = [...Object.keys(bucket.blends), ...bucket.files];
  const listings = new Map(
    closure.needed.flatMap((needed) => {
      const listing = listingFor(needed);
      if (listing === null) return [];
      const { prefix, isDeep } = listing;
      const begins = there.filter((path) => path.startsWith(prefix));
      const found = begins.filter((path) => isDeep || !path.slice(prefix.length).includes('/'));
      return [[listingKey(listing), found.map((path) => ({ path, ...seen(path) }))] as const];
    }),
  );
  const inputs = { get: (path: string) => (there.includes(path) ? seen(path) : null) };
  return meetClosure(closure, frames, manifest, { catalog, inputs: inputs as never, listings });
}

/** Paths of what is missing; `[]` = nothing. */
export function missingOf(met: ClosureMet): readonly string[] {
  return met.state === 'missing' ? met.missing.map(({ path }) => path) : [];
}

export function pinsOf(met: ClosureMet): readonly string[] {
  return met.state === 'met' ? met.pins.map(({ path }) => path).sort() : [];
}

function seen(path: string): InputSeen {
  return { generation: `g-${path}`, size: path.length, updatedAt: 0, crc32c: 'AAAAAA==' };
}

function entry(path: string, blend: readonly Reference[] | Blend): CatalogEntry {
  const { generation, size, updatedAt } = seen(path);
  const given: Blend = 'references' in blend ? blend : { references: blend };
  const { references, ...others } = given;
  const facts = {
    blenderVersion: '3.4',
    activeScene: null,
    scenes: [],
    references: references.map(reference),
    warnings: [],
    ...others,
  };
  return { path, generation, size, updatedAt, seenAt: 0, facts, failure: null, goneSince: null };
}

function reference(given: Reference): FileReference {
  const plain = { kind: 'image', owner: 'x', isOptional: false };
  return typeof given === 'string' ? { ...plain, path: given } : { ...plain, ...given };
}
