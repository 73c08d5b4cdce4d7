import { type CyclesFacts, readCycles, type SavedBy } from './cycles.ts';
import { BlendError, type SceneFacts, type ViewFacts, type ViewLayerFacts } from './facts.ts';
import { colorDepth, formatName, isMovieFormat } from './formats.ts';
import { follow, listFrom, type Scope } from './scope.ts';

/** Bits of `r.mode` and `r.scemode`. */
const MODE_NO_CAMERA_SWITCH = 1 << 12;
const MODE_NO_OVERWRITE = 1 << 22;
const SCEMODE_SEQUENCER = 1 << 0;
const SCEMODE_MULTIVIEW = 1 << 21;
const VIEW_LAYER_RENDERS = 1 << 0;
/** `SceneRenderLayer.layflag`, up to 2.79. */
const RENDER_LAYER_DISABLED = 1 << 15;
const VIEW_DISABLED = 1 << 0;
const STEREO_VIEWS: ReadonlySet<string> = new Set(['left', 'right']);

/** Everything that is told of a local scene. What could not be told goes to `warn`, as a sentence for people. */
export function readScene(scope: Scope, savedBy: SavedBy, warn: (text: string) => void): SceneFacts {
  const say = (text: string) => warn(`Scene "${scope.name}": ${text}`);
  return {
    name: scope.name,
    ...readFrames(scope),
    ...readSize(scope),
    ...readEngine(scope, savedBy, say),
    ...readOutput(scope, say),
    ...readCamera(scope, say),
    ...readViews(scope, say),
    viewLayers: readViewLayers(scope, say),
    useSequencer: isSet(scope, 'r.scemode', SCEMODE_SEQUENCER),
    useOverwrite: !isSet(scope, 'r.mode', MODE_NO_OVERWRITE),
  };
}

function readFrames(scope: Scope) {
  return {
    frameStart: need(scope, 'r.sfra'),
    frameEnd: need(scope, 'r.efra'),
    // 2.4x had neither steps nor, at first, a base.
    frameStep: scope.record.number('r.frame_step') ?? 1,
    fps: need(scope, 'r.frs_sec'),
    fpsBase: asShown(scope.record.number('r.frs_sec_base') ?? 1),
  };
}

/** Single precision as people write it: 1.001, not 1.00100004673. */
function asShown(value: number): number {
  return Number(value.toPrecision(7));
}

function readSize(scope: Scope) {
  return {
    resolutionX: need(scope, 'r.xsch'),
    resolutionY: need(scope, 'r.ysch'),
    resolutionPercent: need(scope, 'r.size'),
  };
}

function readEngine(scope: Scope, savedBy: SavedBy, say: (text: string) => void) {
  const engine = engineOf(scope);
  const cycles: CyclesFacts | null = engine === 'CYCLES' ? readCycles(scope, savedBy) : null;
  if (cycles?.device === null) say('the settings of Cycles could not be followed, so they are not known.');
  const samples = cycles ? cycles.samples : samplesOf(scope, engine);
  return { engine, samples, useDenoising: cycles?.useDenoising ?? null, device: cycles?.device ?? null };
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

function readOutput(scope: Scope, say: (text: string) => void) {
  const imtype = scope.record.number('r.im_format.imtype') ?? scope.record.number('r.imtype');
  const fileFormat = formatName(imtype);
  if (fileFormat === 'unknown') say(`its output format (${imtype}) is none that is known.`);
  return {
    outputPath: (scope.record.text('r.pic') ?? '').replaceAll('\\', '/'),
    fileFormat,
    isMovie: isMovieFormat(imtype),
    colorDepth: colorDepth(scope.record.number('r.im_format.depth')),
  };
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
  return (layers ?? []).map((layer) => ({
    name: layer.text('name') ?? '',
    enabled: isOld
      ? ((layer.number('layflag') ?? 0) & RENDER_LAYER_DISABLED) === 0
      : ((layer.number('flag') ?? 0) & VIEW_LAYER_RENDERS) !== 0,
  }));
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
