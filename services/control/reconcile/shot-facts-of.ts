import type { BlendFacts, SceneFacts as BlendScene, ExternalFile } from '../blend/facts.ts';
import { isTiled, sequenceName } from '../core/sequence.ts';
import type { FileReference, SceneFacts, ShotFacts } from '../core/shot-facts.ts';

/** What decisions need of what was read from a .blend. */
export function toShotFacts(facts: BlendFacts): ShotFacts {
  return {
    blenderVersion: facts.blenderVersion,
    activeScene: facts.activeScene,
    scenes: facts.scenes.map(toSceneFacts),
    references: toReferences(facts.externalFiles),
    warnings: facts.warnings,
  };
}

/** The files that are not packed, as references. */
function toReferences(files: readonly ExternalFile[]): readonly FileReference[] {
  return files.filter((file) => !file.packed).map(toReference);
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

/** What the reader tells of a path beside the path itself, as far as it can. */
type Told = ExternalFile & Pick<FileReference, 'shown' | 'tiles' | 'onFrames'>;

function toReference(file: Told): FileReference {
  const { path, kind, owner, shown, tiles, onFrames } = file;
  const shape = shapeOf(file);
  // An image that only the user interface shows (a reference, a camera's background) is in no picture.
  const isNeverShown = shown !== undefined && shown.length === 0;
  return {
    path,
    kind,
    owner,
    isOptional: file.mayBeNeeded === true || isNeverShown,
    ...(shape === null ? {} : { shape }),
    ...(shown === undefined || isNeverShown ? {} : { shown }),
    ...(tiles === undefined ? {} : { tiles }),
    ...(onFrames === undefined ? {} : { onFrames }),
  };
}

/** Endings of pictures: a movie clip with one is a sequence of them. */
const PICTURE = /\.(png|jpe?g|exr|tiff?|tga|bmp|dpx|cin|hdr|webp|jp2|j2c|psd|sgi|rgba?|dds)$/i;
/** A path of a cache that ends so names a file, any other a folder. */
const CACHE_FILE = /\.(abc|usd[acz]?|mdd|pc2|vdb|ies|osl|oso|npz|ptc|blend)$/i;

/** `null` = the one file that the path names. */
function shapeOf(file: Told): NonNullable<FileReference['shape']> | null {
  const source: string | undefined = file.source;
  if (source === 'folder') return 'folder';
  if (file.kind === 'cache' && (file.mayBeNeeded === true || !CACHE_FILE.test(file.path))) return 'folder';
  if (isTiled(file.path)) return 'tiles';
  const isClipOfPictures = file.kind === 'movieclip' && source === undefined && PICTURE.test(file.path);
  if (source !== 'sequence' && !isClipOfPictures) return null;
  return sequenceName(file.path) === null ? null : 'sequence';
}
