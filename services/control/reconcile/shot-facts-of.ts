import type { BlendFacts, SceneFacts as BlendScene, ExternalFile } from '../blend/facts.ts';
import { isTiled, sequenceName } from '../core/sequence.ts';
import type { FileReference, SceneFacts, ShotFacts } from '../core/shot-facts.ts';

/** What decisions need of what was read from a .blend. */
export function toShotFacts(facts: BlendFacts): ShotFacts {
  return {
    blenderVersion: facts.blenderVersion,
    activeScene: facts.activeScene,
    scenes: facts.scenes.map(toSceneFacts),
    references: toReferences(facts),
    linkedImages: facts.linkedImages,
    isRetimed: facts.isRetimed,
    scriptedDrivers: facts.scripts.drivers
      .filter(({ isSimple }) => !isSimple)
      .map(({ owner, expression }) => ({ owner, expression })),
    warnings: facts.warnings,
  };
}

/** The files that are not packed. Pictures in a sequencer that is switched off for rendering are in no picture. */
function toReferences({ externalFiles, scenes, simulations }: BlendFacts): readonly FileReference[] {
  const unedited = new Set(scenes.filter(({ useSequencer }) => !useSequencer).map(({ name }) => name));
  return externalFiles
    .filter(({ packed }) => !packed)
    .map((file) => {
      const isSwitchedOff = file.kind === 'strip' && unedited.has(file.owner);
      const mayBeNeeded = file.mayBeNeeded === true && !isBaked(file, simulations);
      return toReference(file, isSwitchedOff || mayBeNeeded);
    });
}

/** A cache folder that may be needed is needed when its owner's simulation was baked into it. */
function isBaked({ owner, path }: ExternalFile, simulations: BlendFacts['simulations']): boolean {
  // Fluids have a folder of their own; everything else shares the one that is named for the .blend.
  const isOfFluid = !path.includes('<blend>');
  return simulations.some(
    (one) =>
      one.owner === owner && one.isBaked === true && one.isOnDisk && (one.kind === 'fluid') === isOfFluid,
  );
}

function toSceneFacts(scene: BlendScene): SceneFacts {
  const isIndividual = scene.multiView && scene.viewsFormat === 'INDIVIDUAL';
  return {
    name: scene.name,
    frameStart: scene.frameStart,
    frameEnd: scene.frameEnd,
    frameStep: scene.frameStep,
    fps: scene.fpsBase > 0 ? scene.fps / scene.fpsBase : scene.fps,
    resolutionX: scene.resolutionX,
    resolutionY: scene.resolutionY,
    resolutionPercent: scene.resolutionPercent,
    engine: scene.engine,
    samples: scene.samples,
    outputPath: scene.outputPath,
    fileFormat: scene.fileFormat === 'unknown' ? null : scene.fileFormat,
    isMovie: scene.isMovie,
    canRender: scene.canRender,
    viewLayers: scene.viewLayers.filter(({ enabled }) => enabled).map(({ name }) => name),
    viewSuffixes: isIndividual ? (scene.views?.map(({ suffix }) => suffix) ?? null) : null,
    useDenoising: scene.useDenoising,
    device: scene.device,
  };
}

function toReference(file: ExternalFile, mayDoWithout: boolean): FileReference {
  const { path, kind, owner, shown, tiles, onFrames } = file;
  const shape = shapeOf(file);
  // An image that only the user interface shows (a reference, a camera's background) is in no picture.
  const isNeverShown = shown !== undefined && shown.length === 0;
  return {
    path,
    kind,
    owner,
    isOptional: mayDoWithout || isNeverShown,
    ...(shape === null ? {} : { shape }),
    ...(shown === undefined || isNeverShown ? {} : { shown }),
    ...(tiles === undefined ? {} : { tiles }),
    ...(onFrames === undefined ? {} : { onFrames }),
  };
}

/** `null` = the one file that the path names. */
function shapeOf({ path, source }: ExternalFile): NonNullable<FileReference['shape']> | null {
  if (source === 'folder') return 'folder';
  if (isTiled(path)) return 'tiles';
  return source === 'sequence' && sequenceName(path) !== null ? 'sequence' : null;
}
