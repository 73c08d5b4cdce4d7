import { isCyclesFilmTransparent, NO_CYCLES, readCycles, type SavedBy } from './cycles.ts';
import {
  BlendError,
  type RegionFacts,
  type SceneFacts,
  type ViewFacts,
  type ViewLayerFacts,
} from './facts.ts';
import { colorDepth, colorMode, containerName, formatName, isMovieFormat } from './formats.ts';
import { asShown } from './record.ts';
import { follow, listFrom, type Scope } from './scope.ts';

/** Bits of `r.mode` and `r.scemode`. */
const MODE_BORDER = 1 << 9;
const MODE_CROP = 1 << 11;
const MODE_NO_CAMERA_SWITCH = 1 << 12;
const MODE_NO_OVERWRITE = 1 << 22;
const MODE_PLACEHOLDERS = 1 << 23;
const MODE_SAVE_OUTPUT = 1 << 28;
const SCEMODE_SEQUENCER = 1 << 0;
const SCEMODE_EXTENSION = 1 << 4;
const SCEMODE_COMPOSITOR = 1 << 6;
const SCEMODE_MULTIVIEW = 1 << 21;
/** `r.alphamode` */
const ALPHA_TRANSPARENT = 1;
const VIEW_LAYER_RENDERS = 1 << 0;
/** `SceneRenderLayer.layflag`, up to 2.79. */
const RENDER_LAYER_DISABLED = 1 << 15;
const VIEW_DISABLED = 1 << 0;
/** All that any Blender brought along; whatever else there is comes from an add-on. */
const OWN_ENGINES: ReadonlySet<string> = new Set([
  'CYCLES',
  'BLENDER_EEVEE',
  'BLENDER_EEVEE_NEXT',
  'BLENDER_WORKBENCH',
  'BLENDER_WORKBENCH_NEXT',
  'BLENDER_RENDER',
  'BLENDER_GAME',
  'BLENDER_CLAY',
  'HYDRA_STORM',
  'unknown',
]);
/** Gone since 2.80, which renders with another engine instead. */
const OLD_ENGINES: ReadonlySet<string> = new Set(['BLENDER_RENDER', 'BLENDER_GAME', 'BLENDER_CLAY']);
const SAVE_OUTPUT_SINCE = { version: 502, subversion: 1 };
const STEREO_VIEWS: ReadonlySet<string> = new Set(['left', 'right']);

/** All that a scene's own data says: the name of another one is not among it. */
export type OwnSceneFacts = Omit<SceneFacts, 'backgroundScene'>;

/** Everything that is told of a local scene. What could not be told goes to `warn`, as a sentence for people. */
export function readScene(scope: Scope, savedBy: SavedBy, warn: (text: string) => void): OwnSceneFacts {
  const say = (text: string) => warn(`Scene "${scope.name}": ${text}`);
  return {
    name: scope.name,
    ...readFrames(scope, say),
    ...readSize(scope),
    ...readEngine(scope, savedBy, say),
    filmTransparent: isFilmTransparent(scope, savedBy),
    ...readOutput(scope, savedBy, say),
    ...readCamera(scope, say),
    ...readViews(scope, say),
    viewLayers: readViewLayers(scope, say),
    useSequencer: isSet(scope, 'r.scemode', SCEMODE_SEQUENCER),
    useCompositor: isSet(scope, 'r.scemode', SCEMODE_COMPOSITOR) && hasCompositor(scope),
  };
}

/** Since 5.0 it is a node group like any other; before, the scene had its own tree and a switch for it. */
function hasCompositor(scope: Scope): boolean {
  const group = scope.record.pointer('compositing_node_group');
  if (group !== null) return group !== 0n;
  return Boolean(scope.record.pointer('nodetree')) && Boolean(scope.record.number('use_nodes'));
}

function readFrames(scope: Scope, say: (text: string) => void) {
  if (scope.record.number('r.frame_step') === 0) say('its frame step is 0, which cannot be rendered.');
  return {
    frameStart: need(scope, 'r.sfra'),
    frameEnd: need(scope, 'r.efra'),
    frameCurrent: need(scope, 'r.cfra'),
    // 2.4x had neither steps nor, at first, a base.
    frameStep: scope.record.number('r.frame_step') ?? 1,
    fps: need(scope, 'r.frs_sec'),
    fpsBase: asShown(scope.record.number('r.frs_sec_base') ?? 1),
  };
}

function readSize(scope: Scope) {
  return {
    resolutionX: need(scope, 'r.xsch'),
    resolutionY: need(scope, 'r.ysch'),
    resolutionPercent: need(scope, 'r.size'),
    pixelAspectX: asShown(scope.record.number('r.xasp') ?? 1),
    pixelAspectY: asShown(scope.record.number('r.yasp') ?? 1),
    region: readRegion(scope),
  };
}

function readRegion(scope: Scope): RegionFacts | null {
  if (!isSet(scope, 'r.mode', MODE_BORDER)) return null;
  const side = (name: string) => asShown(scope.record.number(`r.border.${name}`) ?? 0);
  return {
    xMin: side('xmin'),
    xMax: side('xmax'),
    yMin: side('ymin'),
    yMax: side('ymax'),
    isCropped: isSet(scope, 'r.mode', MODE_CROP),
  };
}

function readEngine(scope: Scope, savedBy: SavedBy, say: (text: string) => void) {
  const engine = engineOf(scope);
  const isAddonEngine = !OWN_ENGINES.has(engine);
  if (OLD_ENGINES.has(engine)) say(`its engine ${engine} is gone: newer Blenders render another picture.`);
  if (engine !== 'CYCLES') return { engine, isAddonEngine, ...NO_CYCLES, samples: samplesOf(scope, engine) };
  const cycles = readCycles(scope, savedBy);
  if (cycles.device === null) say('the settings of Cycles could not be followed, so they are not known.');
  return { engine, isAddonEngine, ...cycles };
}

/** Before 2.5 there was no name, only the internal renderer (0) or a program beside Blender. */
function engineOf(scope: Scope): string {
  const engine = scope.record.text('r.engine');
  if (engine !== null) return engine;
  return scope.record.number('r.renderer') ? 'unknown' : 'BLENDER_RENDER';
}

function samplesOf(scope: Scope, engine: string): number | null {
  if (engine === 'BLENDER_EEVEE' || engine === 'BLENDER_EEVEE_NEXT')
    return scope.record.number('eevee.taa_render_samples');
  return engine === 'BLENDER_WORKBENCH' ? scope.record.number('display.render_aa') : null;
}

function isFilmTransparent(scope: Scope, savedBy: SavedBy): boolean | null {
  if (savedBy.version < 280 && engineOf(scope) === 'CYCLES') return isCyclesFilmTransparent(scope);
  const mode = scope.record.number('r.alphamode');
  return mode === null ? null : mode === ALPHA_TRANSPARENT;
}

function readOutput(scope: Scope, savedBy: SavedBy, say: (text: string) => void) {
  // Up to 2.61 these stood in the render settings themselves.
  const number = (name: string) =>
    scope.record.number(`r.im_format.${name}`) ?? scope.record.number(`r.${name}`);
  const imtype = number('imtype');
  const fileFormat = formatName(imtype);
  if (fileFormat === 'unknown') say(`its output format (${imtype}) is none that is known.`);
  return {
    outputPath: (scope.record.text('r.pic') ?? '').replaceAll('\\', '/'),
    useFileExtension: isSet(scope, 'r.scemode', SCEMODE_EXTENSION),
    useOverwrite: !isSet(scope, 'r.mode', MODE_NO_OVERWRITE),
    usePlaceholders: isSet(scope, 'r.mode', MODE_PLACEHOLDERS),
    saveOutput: canTurnOffSaving(savedBy) ? isSet(scope, 'r.mode', MODE_SAVE_OUTPUT) : null,
    fileFormat,
    isMovie: isMovieFormat(imtype),
    movieContainer: fileFormat === 'FFMPEG' ? containerName(scope.record.number('r.ffcodecdata.type')) : null,
    colorMode: colorMode(number('planes')),
    quality: number('quality'),
    colorDepth: colorDepth(scope.record.number('r.im_format.depth')),
  };
}

/** The bit had no meaning before. */
function canTurnOffSaving({ version, subversion }: SavedBy): boolean {
  const since = SAVE_OUTPUT_SINCE;
  return version > since.version || (version === since.version && subversion >= since.subversion);
}

function readCamera(scope: Scope, say: (text: string) => void) {
  const hasCamera = Boolean(scope.record.pointer('camera'));
  return { hasCamera, canRender: hasCamera || hasMarkerCamera(scope, say) || hasSequence(scope, say) };
}

function hasMarkerCamera(scope: Scope, say: (text: string) => void): boolean {
  if (isSet(scope, 'r.mode', MODE_NO_CAMERA_SWITCH)) return false;
  const markers = listOf(scope, 'markers', 'TimeMarker');
  if (!markers) say('its markers could not be followed, so a camera there may be overlooked.');
  return markers?.some((marker) => Boolean(marker.pointer('camera'))) ?? false;
}

function hasSequence(scope: Scope, say: (text: string) => void): boolean {
  const address = scope.record.pointer('ed');
  if (!address || !isSet(scope, 'r.scemode', SCEMODE_SEQUENCER)) return false;
  const editing = follow(scope, address, 'Editing');
  if (!editing) say('its sequencer could not be followed, so a sequence there may be overlooked.');
  return Boolean(editing?.pointer('seqbase.first'));
}

function readViewLayers(scope: Scope, say: (text: string) => void): readonly ViewLayerFacts[] {
  const isOld = !scope.record.struct.fields.has('view_layers');
  const layers = isOld
    ? listOf(scope, 'r.layers', 'SceneRenderLayer')
    : listOf(scope, 'view_layers', 'ViewLayer');
  if (!layers) say('its view layers could not be followed.');
  const facts = (layers ?? []).map((layer) => ({
    name: layer.text('name') ?? '',
    enabled: isOld
      ? ((layer.number('layflag') ?? 0) & RENDER_LAYER_DISABLED) === 0
      : ((layer.number('flag') ?? 0) & VIEW_LAYER_RENDERS) !== 0,
    // 0 = as the scene.
    samples: layer.number('samples') || null,
  }));
  if (facts.length > 0 && !facts.some((layer) => layer.enabled))
    say('none of its view layers is on, so there is nothing to render.');
  return facts;
}

function readViews(scope: Scope, say: (text: string) => void) {
  const multiView = isSet(scope, 'r.scemode', SCEMODE_MULTIVIEW);
  if (!multiView) return { multiView, views: null, viewsFormat: null };
  const views = enabledViews(scope);
  if (!views) say('its views could not be followed.');
  return { multiView, views, viewsFormat: viewsFormat(scope) };
}

/** In stereo only the two views of these names count, whatever others there are. */
function enabledViews(scope: Scope): readonly ViewFacts[] | null {
  const views = listOf(scope, 'r.views', 'SceneRenderView');
  if (!views) return null;
  const isStereo = scope.record.number('r.views_format') === 0;
  return views
    .filter((view) => ((view.number('viewflag') ?? 0) & VIEW_DISABLED) === 0)
    .map((view) => ({ name: view.text('name') ?? '', suffix: view.text('suffix') ?? '' }))
    .filter((view) => !isStereo || STEREO_VIEWS.has(view.name));
}

function viewsFormat(scope: Scope): SceneFacts['viewsFormat'] {
  const format = scope.record.number('r.im_format.views_format');
  if (format === 0) return 'INDIVIDUAL';
  if (format === 1) return 'STEREO_3D';
  return format === 2 ? 'MULTIVIEW' : null;
}

function listOf(scope: Scope, list: string, struct: string) {
  return listFrom(scope, scope.record.pointer(`${list}.first`), struct);
}

function isSet(scope: Scope, path: string, bit: number): boolean {
  return ((scope.record.number(path) ?? 0) & bit) !== 0;
}

/** A setting that every Blender has had. */
function need(scope: Scope, path: string): number {
  const value = scope.record.number(path);
  if (value === null) throw new BlendError('corrupt', `scene "${scope.name}" has no ${path}`);
  return value;
}
