import { type Properties, readPropertyGroup } from './id-properties.ts';
import type { Scope } from './scope.ts';

/** Which Blender saved a file, to the point: 3.4.6 is version 304, subversion 6. */
export interface SavedBy {
  readonly version: number;
  readonly subversion: number;
}

export interface CyclesFacts {
  readonly samples: number | null;
  readonly useDenoising: boolean | null;
  readonly device: 'CPU' | 'GPU' | null;
}

const UNKNOWN: CyclesFacts = { samples: null, useDenoising: null, device: null };

/** Cycles stores only what was changed: the rest is the default of the Blender that saved the file. */
export function readCycles(scope: Scope, savedBy: SavedBy): CyclesFacts {
  const properties = readPropertyGroup(scope, 'cycles');
  if (!properties) return UNKNOWN;
  return {
    samples: samplesOf(properties, savedBy),
    useDenoising: denoisingOf(properties, savedBy),
    device: properties.get('device') === 1 ? 'GPU' : 'CPU',
  };
}

function samplesOf(properties: Properties, savedBy: SavedBy): number | null {
  const isOld = isUpTo(savedBy, 300, 25);
  // Branched path tracing counted its samples in another way, which no later Blender has.
  if (isOld && properties.get('progressive') === 0) return null;
  const samples = properties.get('samples') ?? defaultSamples(savedBy);
  return isOld && properties.get('use_square_samples') ? samples * samples : samples;
}

function defaultSamples(savedBy: SavedBy): number {
  if (isUpTo(savedBy, 276, 8)) return 10;
  return isUpTo(savedBy, 300, 25) ? 128 : 4096;
}

function denoisingOf(properties: Properties, savedBy: SavedBy): boolean | null {
  // Until 2.90 it was a matter of each view layer.
  if (savedBy.version < 290) return null;
  const stored = properties.get('use_denoising');
  return stored === undefined ? !isUpTo(savedBy, 300, 25) : stored !== 0;
}

function isUpTo(savedBy: SavedBy, version: number, subversion: number): boolean {
  return savedBy.version < version || (savedBy.version === version && savedBy.subversion <= subversion);
}
