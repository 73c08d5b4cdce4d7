import { CACHE_EXTERNAL, CACHE_ON_DISK, fluidDomains } from './caches.ts';
import type { SimulationFacts, SimulationKind } from './content-facts.ts';
import { activeModifiers, isActive } from './modifiers.ts';
import type { RecordView } from './record.ts';
import { allOf, follow, followArray, isPlain, listFrom, type Scope } from './scope.ts';

/** `PointCache.flag` */
const CACHE_BAKED = 1 << 0;
/** `FluidDomainSettings.cache_flag`: the liquid or gas itself, without which nothing else is baked. */
const FLUID_BAKED = 1 << 1;
/** `ParticleSystem.flag` */
const HAIR_DYNAMICS = 1 << 2;
/** `RigidBodyWorld.flag` */
const WORLD_MUTED = 1 << 0;
/** `ParticleSettings.type`, and `phystype` of those whose frames follow from the frames before. */
const HAIR = 2;
const STEPPED_PHYSICS: ReadonlySet<number> = new Set([1, 3, 4]);
const ZONE_OUTPUT = 'GeometryNodeSimulationOutput';
const MAX_TREES = 100_000;

interface Tree {
  readonly hasZone: boolean;
  readonly groups: readonly bigint[];
}

/** A simulation that is one only if another data-block, which may come later in the file, says so. */
interface Pending {
  readonly facts: SimulationFacts;
  readonly on: bigint;
}

/** Simulations of the whole file that take part in a render. */
export function createSimulations() {
  const certain: SimulationFacts[] = [];
  const particles: Pending[] = [];
  const zones: Pending[] = [];
  const settings = new Map<bigint, { readonly isStepped: boolean }>();
  const trees = new Map<bigint, Tree>();

  return {
    /** Takes note of what one data-block simulates. */
    add: (scope: Scope): void => {
      if (scope.isLinked) return;
      if (scope.code === 'PA') settings.set(scope.old, { isStepped: isStepped(scope.record) });
      if (scope.code === 'NT' && trees.size < MAX_TREES) trees.set(scope.old, treeOf(scope));
      if (isPlain(scope)) return;
      certain.push(...ownSimulations(scope));
      particles.push(...particleSystems(scope));
      zones.push(...nodeGroups(scope));
    },
    all: (): readonly SimulationFacts[] => [
      ...certain,
      // Settings from another file cannot be looked into: they count.
      ...particles.filter(({ on }) => settings.get(on)?.isStepped ?? true).map(({ facts }) => facts),
      ...zones.filter(({ on }) => hasZone(trees, on)).map(({ facts }) => facts),
    ],
  };
}

function ownSimulations(scope: Scope): readonly SimulationFacts[] {
  const systems = allOf(scope, 'ParticleSystem');
  const ofHair = new Set(systems.map((system) => system.pointer('clmd')));
  const hair = systems.filter((system) => ((system.number('flag') ?? 0) & HAIR_DYNAMICS) !== 0);
  const cloths = [...scope.data]
    .filter(([address, block]) => block.struct?.name === 'ClothModifierData' && !ofHair.has(address))
    .map(([address]) => follow(scope, address, 'ClothModifierData'))
    .filter((cloth) => cloth !== null && isActive(cloth));
  return [
    ...cloths.flatMap((cloth) => cached(scope, 'cloth', cloth?.pointer('point_cache'))),
    // Its cloth shares the cache of the particles.
    ...hair.flatMap((system) => cached(scope, 'hair', system.pointer('pointcache'))),
    ...softBodies(scope),
    ...fluidDomains(scope).map((domain) => fluid(scope, domain)),
    ...smokes(scope),
    ...paints(scope),
    ...rigidBodies(scope),
  ];
}

/** One simulation by its point cache. */
function cached(
  scope: Scope,
  kind: SimulationKind,
  address: bigint | null | undefined,
): readonly SimulationFacts[] {
  const cache = follow(scope, address ?? null, 'PointCache');
  if (!cache) return [{ kind, owner: scope.name, isBaked: null, isOnDisk: false, frames: null }];
  const has = (bit: number) => ((cache.number('flag') ?? 0) & bit) !== 0;
  const frames = range(cache.number('startframe'), cache.number('endframe'));
  return [
    {
      kind,
      owner: scope.name,
      isBaked: has(CACHE_BAKED) || has(CACHE_EXTERNAL),
      isOnDisk: has(CACHE_ON_DISK) || has(CACHE_EXTERNAL),
      frames,
    },
  ];
}

function softBodies(scope: Scope): readonly SimulationFacts[] {
  if (activeModifiers(scope, 'SoftbodyModifierData').length === 0) return [];
  return allOf(scope, 'SoftBody').flatMap((body) => {
    const shared = follow(scope, body.pointer('shared'), 'SoftBody_Shared');
    return cached(scope, 'softBody', shared?.pointer('pointcache') ?? body.pointer('pointcache'));
  });
}

function fluid(scope: Scope, domain: RecordView): SimulationFacts {
  const isBaked = ((domain.number('cache_flag') ?? 0) & FLUID_BAKED) !== 0;
  const frames = range(domain.number('cache_frame_start'), domain.number('cache_frame_end'));
  return { kind: 'fluid', owner: scope.name, isBaked, isOnDisk: true, frames };
}

/** Up to 2.81. */
function smokes(scope: Scope): readonly SimulationFacts[] {
  return activeModifiers(scope, 'SmokeModifierData').flatMap((smoke) => {
    const domain = follow(scope, smoke.pointer('domain'), 'SmokeDomainSettings');
    return domain ? cached(scope, 'smoke', domain.pointer('point_cache')) : [];
  });
}

function paints(scope: Scope): readonly SimulationFacts[] {
  return activeModifiers(scope, 'DynamicPaintModifierData').flatMap((paint) => {
    const canvas = follow(scope, paint.pointer('canvas'), 'DynamicPaintCanvasSettings');
    const surfaces = listFrom(scope, canvas?.pointer('surfaces.first') ?? null, 'DynamicPaintSurface') ?? [];
    return surfaces.flatMap((surface) => cached(scope, 'dynamicPaint', surface.pointer('pointcache')));
  });
}

function rigidBodies(scope: Scope): readonly SimulationFacts[] {
  const world = follow(scope, scope.record.pointer('rigidbody_world'), 'RigidBodyWorld');
  if (!world?.pointer('group') || ((world.number('flag') ?? 0) & WORLD_MUTED) !== 0) return [];
  const shared = follow(scope, world.pointer('shared'), 'RigidBodyWorld_Shared');
  return cached(scope, 'rigidBody', shared?.pointer('pointcache') ?? world.pointer('pointcache'));
}

function particleSystems(scope: Scope): readonly Pending[] {
  return activeModifiers(scope, 'ParticleSystemModifierData').flatMap((modifier) => {
    const system = follow(scope, modifier.pointer('psys'), 'ParticleSystem');
    const on = system?.pointer('part');
    if (!system || !on) return [];
    return cached(scope, 'particles', system.pointer('pointcache')).map((facts) => ({ facts, on }));
  });
}

function isStepped(settings: RecordView): boolean {
  return settings.number('type') !== HAIR && STEPPED_PHYSICS.has(settings.number('phystype') ?? 1);
}

function nodeGroups(scope: Scope): readonly Pending[] {
  return activeModifiers(scope, 'NodesModifierData').flatMap((nodes) => {
    const on = nodes.pointer('node_group');
    if (!on) return [];
    const bakes = followArray(scope, nodes.pointer('bakes'), 'NodesModifierBake');
    const isPacked = bakes.length > 0 && bakes.every((bake) => Boolean(bake.pointer('packed')));
    const kind = 'simulationZone' as const;
    const facts: SimulationFacts = {
      kind,
      owner: scope.name,
      isBaked: isPacked ? true : null,
      isOnDisk: !isPacked,
      frames: null,
    };
    return [{ facts, on }];
  });
}

function treeOf(scope: Scope): Tree {
  const nodes = allOf(scope, 'bNode');
  const groups = nodes.map((node) => node.pointer('id') ?? 0n).filter((address) => address !== 0n);
  return { hasZone: nodes.some((node) => node.text('idname') === ZONE_OUTPUT), groups };
}

/** The tree or one that it uses, however deep. */
function hasZone(trees: ReadonlyMap<bigint, Tree>, root: bigint): boolean {
  const seen = new Set<bigint>();
  const open = [root];
  for (let address = open.pop(); address !== undefined; address = open.pop()) {
    const tree = trees.get(address);
    if (!tree || seen.has(address)) continue;
    if (tree.hasZone) return true;
    seen.add(address);
    open.push(...tree.groups);
  }
  return false;
}

function range(start: number | null, end: number | null): SimulationFacts['frames'] {
  return start === null || end === null ? null : { start, end };
}
