import { textOf } from './bytes.ts';
import type { ExternalFile } from './facts.ts';
import { activeModifiers } from './modifiers.ts';
import type { RecordView } from './record.ts';
import { allOf, follow, followArray, type Scope } from './scope.ts';

/** `PointCache.flag`. */
export const CACHE_ON_DISK = 1 << 6;
export const CACHE_EXTERNAL = 1 << 9;
const FLUID_DOMAIN = 1 << 0;
const BAKE_IN_OWN_FOLDER = 1 << 0;

/** Where Blender keeps caches that were given no place. */
const DEFAULT_FOLDER = '//blendcache_<blend>';

export type CacheFile = Pick<ExternalFile, 'path' | 'source' | 'mayBeNeeded'>;

/** Files and folders with results of modifiers and physics, that somebody baked or may have. */
export function cacheFiles(scope: Scope): readonly CacheFile[] {
  return [
    ...allOf(scope, 'MeshCacheModifierData').map((cache) => ({ path: cache.text('filepath') ?? '' })),
    ...allOf(scope, 'OceanModifierData')
      .filter((ocean) => ocean.number('cached'))
      .map((ocean) => ({ ...folder(ocean.text('cachepath')) })),
    ...pointCaches(scope).flatMap(pointCacheFolder),
    ...fluidDomains(scope).map((fluid) => maybe(fluid.text('cache_directory'))),
    ...activeModifiers(scope, 'NodesModifierData').flatMap((nodes) => bakeFolders(scope, nodes)),
  ];
}

/** Settings of the object's fluid domain. A flow or an obstacle may still have some from when it was one. */
export function fluidDomains(scope: Scope): readonly RecordView[] {
  const domains = activeModifiers(scope, 'FluidModifierData')
    .filter((fluid) => ((fluid.number('type') ?? 0) & FLUID_DOMAIN) !== 0)
    .map((fluid) => follow(scope, fluid.pointer('domain'), 'FluidDomainSettings'));
  return domains.filter((domain) => domain !== null);
}

/** Who uses a point cache, and by which pointer: a list of caches has one that is in use. */
const CACHE_USERS: readonly (readonly [struct: string, path: string])[] = [
  ['ClothModifierData', 'point_cache'],
  ['SoftBody', 'pointcache'],
  ['SoftBody_Shared', 'pointcache'],
  ['ParticleSystem', 'pointcache'],
  ['DynamicPaintSurface', 'pointcache'],
  ['RigidBodyWorld', 'pointcache'],
  ['RigidBodyWorld_Shared', 'pointcache'],
  ['SmokeDomainSettings', 'point_cache'],
];

/** Those in use. Fluids still have some of an earlier Blender's smoke, which nothing reads any more. */
function pointCaches(scope: Scope): readonly RecordView[] {
  const used = CACHE_USERS.flatMap(([struct, path]) =>
    allOf(scope, struct).map((user) => user.pointer(path)),
  );
  return [...new Set(used)]
    .map((address) => follow(scope, address, 'PointCache'))
    .filter((cache) => cache !== null);
}

function pointCacheFolder(cache: RecordView): readonly CacheFile[] {
  const flag = cache.number('flag') ?? 0;
  if ((flag & CACHE_EXTERNAL) !== 0) return [folder(cache.text('path'))];
  return (flag & CACHE_ON_DISK) !== 0 ? [maybe(DEFAULT_FOLDER)] : [];
}

/** Simulations and bakes of geometry nodes. Each may have a folder of its own; the modifier's is for all others. */
function bakeFolders(scope: Scope, nodes: RecordView): readonly CacheFile[] {
  const bakes = followArray(scope, nodes.pointer('bakes'), 'NodesModifierBake').filter(
    (bake) => !bake.pointer('packed'),
  );
  const own = bakes.filter((bake) => ((bake.number('flag') ?? 0) & BAKE_IN_OWN_FOLDER) !== 0);
  const named = own.map((bake) => maybe(rawText(scope, bake.pointer('directory'))));
  const shared = rawText(scope, nodes.pointer('simulation_bake_directory'));
  if (shared) return [...named, maybe(shared)];
  return own.length < bakes.length ? [...named, maybe(DEFAULT_FOLDER)] : named;
}

/** A text that stands in a block of its own. */
export function rawText(scope: Scope, address: bigint | null): string | null {
  const block = address ? scope.data.get(address) : undefined;
  return block && !block.struct ? textOf(block.body) : null;
}

function folder(path: string | null): CacheFile {
  return { path: path ?? '', source: 'folder' };
}

function maybe(path: string | null): CacheFile {
  return { ...folder(path), mayBeNeeded: true };
}
