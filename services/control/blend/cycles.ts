import type { SceneFacts } from './facts.ts';
import { type Properties, readPropertyGroup } from './id-properties.ts';
import { asShown } from './record.ts';
import type { Scope } from './scope.ts';

/** Which Blender saved a file, to the point: 3.4.6 is version 304, subversion 6. */
export interface SavedBy {
  readonly version: number;
  readonly subversion: number;
}

export type CyclesFacts = Pick<
  SceneFacts,
  | 'samples'
  | 'samplesAreDefault'
  | 'useAdaptiveSampling'
  | 'adaptiveThreshold'
  | 'timeLimitSeconds'
  | 'seed'
  | 'maxBounces'
  | 'layerSamples'
  | 'useDenoising'
  | 'denoiser'
  | 'device'
>;

/** What other engines have, and Cycles when its settings cannot be followed. */
export const NO_CYCLES: CyclesFacts = {
  samples: null,
  samplesAreDefault: false,
  useAdaptiveSampling: null,
  adaptiveThreshold: null,
  timeLimitSeconds: null,
  seed: null,
  maxBounces: null,
  layerSamples: null,
  useDenoising: null,
  denoiser: null,
  device: null,
};

const DENOISERS: ReadonlyMap<number, string> = new Map([
  [1, 'NLM'],
  [2, 'OPTIX'],
  [4, 'OPENIMAGEDENOISE'],
]);
const LAYER_SAMPLES = ['USE', 'BOUNDED', 'IGNORE'] as const;

/** Cycles stores only what was changed: the rest is the default of the Blender that saved the file. */
export function readCycles(scope: Scope, savedBy: SavedBy): CyclesFacts {
  const properties = readPropertyGroup(scope, 'cycles');
  if (!properties) return NO_CYCLES;
  return {
    samples: samplesOf(properties, savedBy),
    samplesAreDefault: !properties.has('samples') && samplesOf(properties, savedBy) !== null,
    ...adaptiveOf(properties, savedBy),
    // Without one the seconds are 0, as they were when there was no such limit.
    timeLimitSeconds: asShown(properties.get('time_limit') ?? 0),
    seed: properties.get('seed') ?? 0,
    maxBounces: properties.get('max_bounces') ?? defaultBounces(savedBy),
    layerSamples: LAYER_SAMPLES[properties.get('use_layer_samples') ?? 0] ?? null,
    useDenoising: denoisingOf(properties, savedBy),
    denoiser: denoiserOf(properties, savedBy),
    device: properties.get('device') === 1 ? 'GPU' : 'CPU',
  };
}

function adaptiveOf(properties: Properties, savedBy: SavedBy) {
  const isOld = isBeforeCyclesX(savedBy);
  const isOn = properties.get('use_adaptive_sampling');
  const threshold = properties.get('adaptive_threshold') ?? (isOld ? null : 0.01);
  return {
    useAdaptiveSampling: isOn === undefined ? !isOld : isOn !== 0,
    adaptiveThreshold: threshold === null ? null : asShown(threshold),
  };
}

function samplesOf(properties: Properties, savedBy: SavedBy): number | null {
  const isOld = isBeforeCyclesX(savedBy);
  // Branched path tracing counted its samples in another way, which no later Blender has.
  if (isOld && properties.get('progressive') === 0) return null;
  const samples = properties.get('samples') ?? defaultSamples(savedBy);
  return isOld && properties.get('use_square_samples') ? samples * samples : samples;
}

function defaultSamples(savedBy: SavedBy): number {
  if (isUpTo(savedBy, 276, 8)) return 10;
  return isBeforeCyclesX(savedBy) ? 128 : 4096;
}

/** Before 2.80 it was 8 in some versions and 12 in others. */
function defaultBounces(savedBy: SavedBy): number | null {
  return savedBy.version < 280 ? null : 12;
}

/** Until 2.80, when it became a setting of all engines, Cycles had its own. */
export function isCyclesFilmTransparent(scope: Scope): boolean | null {
  const properties = readPropertyGroup(scope, 'cycles');
  return properties && Boolean(properties.get('film_transparent'));
}

function denoisingOf(properties: Properties, savedBy: SavedBy): boolean | null {
  // Until 2.90 it was a matter of each view layer.
  if (savedBy.version < 290) return null;
  const stored = properties.get('use_denoising');
  return stored === undefined ? !isBeforeCyclesX(savedBy) : stored !== 0;
}

function denoiserOf(properties: Properties, savedBy: SavedBy): string | null {
  const stored = properties.get('denoiser');
  if (stored === undefined) return isBeforeCyclesX(savedBy) ? null : 'OPENIMAGEDENOISE';
  return DENOISERS.get(stored) ?? null;
}

/** Cycles was written anew for 3.0, with other defaults. */
function isBeforeCyclesX(savedBy: SavedBy): boolean {
  return isUpTo(savedBy, 300, 25);
}

function isUpTo(savedBy: SavedBy, version: number, subversion: number): boolean {
  return savedBy.version < version || (savedBy.version === version && savedBy.subversion <= subversion);
}
