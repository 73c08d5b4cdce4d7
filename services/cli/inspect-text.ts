import type { BlendFacts, ExternalFile, SceneFacts, ViewLayerFacts } from '../control/blend/facts.ts';
import type { Inspected } from './inspect.ts';
import { describeNeeds } from './inspect-needs.ts';

/** A file for people: facts in the words of Blender's own panels. */
export function describeFile(inspected: Inspected): string {
  if ('error' in inspected)
    return lines([clean(inspected.file), `  cannot be read: ${inspected.error.message}`]);
  return lines([
    clean(inspected.file),
    `  Blender ${inspected.blenderVersion}, ${size(inspected.bytesTotal)}, ${compression(inspected)}`,
    ...inspected.scenes.flatMap((scene) => describeScene(scene, scene.name === inspected.activeScene)),
    ...describeFiles(inspected.externalFiles),
    ...describeNeeds(inspected),
    ...inspected.warnings.map((warning) => `  ! ${clean(warning)}`),
  ]);
}

function describeScene(scene: SceneFacts, isActive: boolean): readonly string[] {
  const rows: readonly (readonly [string, string])[] = [
    ['Frames', frames(scene)],
    ['Frame rate', `${frameRate(scene)} fps`],
    ['Resolution', resolution(scene)],
    ['Engine', engine(scene)],
    ['Output', output(scene)],
    ...(scene.backgroundScene === null ? [] : [['Background', scene.backgroundScene] as const]),
    ['View layers', scene.viewLayers.map(viewLayer).join(', ')],
    ...(scene.useCompositor ? [['Compositor', 'on'] as const] : []),
    ...(scene.multiView ? [['Views', viewNames(scene)] as const] : []),
    ['Camera', camera(scene)],
  ];
  const title = `  Scene "${clean(scene.name)}"${isActive ? ' (active)' : ''}`;
  return ['', title, ...rows.map(([name, value]) => `    ${name.padEnd(13)}${clean(value)}`)];
}

function viewLayer(layer: ViewLayerFacts): string {
  const samples = layer.samples === null ? '' : `${layer.samples} samples`;
  const notes = [layer.enabled ? '' : 'off', samples].filter(Boolean);
  return notes.length === 0 ? layer.name : `${layer.name} (${notes.join(', ')})`;
}

function frames(scene: SceneFacts): string {
  const step = scene.frameStep === 1 ? '' : `, every ${scene.frameStep}`;
  return `${scene.frameStart} to ${scene.frameEnd}${step}`;
}

function frameRate(scene: SceneFacts): string {
  return String(Number((scene.fps / scene.fpsBase).toFixed(3)));
}

function resolution(scene: SceneFacts): string {
  const pixels = (full: number) => Math.trunc((full * scene.resolutionPercent) / 100);
  const shown = `${pixels(scene.resolutionX)} × ${pixels(scene.resolutionY)}`;
  const percent =
    scene.resolutionPercent === 100
      ? ''
      : ` (${scene.resolutionPercent} % of ${scene.resolutionX} × ${scene.resolutionY})`;
  return shown + percent + region(scene);
}

function region({ region: part }: SceneFacts): string {
  if (!part) return '';
  const percent = (side: number) => `${Number((side * 100).toFixed(1))} %`;
  const sides = `${percent(part.xMin)} to ${percent(part.xMax)} × ${percent(part.yMin)} to ${percent(part.yMax)}`;
  return `, only ${sides}${part.isCropped ? ', cropped' : ''}`;
}

function engine(scene: SceneFacts): string {
  const samples = scene.samples === null ? '' : `${scene.samples} samples`;
  const notes = [
    scene.isAddonEngine ? 'of an add-on' : '',
    samples && scene.samplesAreDefault ? `${samples} (the default)` : samples,
    scene.useAdaptiveSampling ? `down to a noise of ${scene.adaptiveThreshold ?? 'unknown height'}` : '',
    scene.timeLimitSeconds ? `at most ${scene.timeLimitSeconds} s a frame` : '',
    scene.maxBounces === null ? '' : `${scene.maxBounces} bounces`,
    scene.seed ? `seed ${scene.seed}` : '',
    scene.device ? `on ${scene.device}` : '',
    scene.useDenoising ? `denoised${scene.denoiser ? ` (${scene.denoiser})` : ''}` : '',
  ];
  return [scene.engine, ...notes.filter(Boolean)].join(', ');
}

function output(scene: SceneFacts): string {
  const kind = scene.isMovie ? ` (a movie${scene.movieContainer ? `, ${scene.movieContainer}` : ''})` : '';
  const notes = [
    scene.colorMode ?? '',
    scene.colorDepth === null ? '' : `${scene.colorDepth} bit`,
    scene.filmTransparent ? 'transparent film' : '',
    scene.useFileExtension ? '' : 'without file endings',
    scene.useOverwrite ? '' : 'skips what exists',
    scene.usePlaceholders ? 'with placeholders' : '',
    scene.saveOutput === false ? 'is not saved' : '',
  ];
  return [`${scene.outputPath}  ${scene.fileFormat}${kind}`, ...notes.filter(Boolean)].join(', ');
}

function viewNames(scene: SceneFacts): string {
  return scene.views?.map((view) => `${view.name} (${view.suffix})`).join(', ') ?? 'not known';
}

function camera(scene: SceneFacts): string {
  if (scene.hasCamera) return 'yes';
  return scene.canRender
    ? 'none active, but a marker or the sequencer brings pictures'
    : 'none: cannot be rendered';
}

function describeFiles(files: readonly ExternalFile[]): readonly string[] {
  if (files.length === 0) return [];
  const rows = files.map((file) => {
    const notes = [file.packed ? 'packed' : '', file.mayBeNeeded ? 'may be needed' : ''].filter(Boolean);
    const note = notes.length > 0 ? ` (${notes.join(', ')})` : '';
    const kind = file.source && file.source !== 'file' ? `${file.kind}, ${file.source}` : file.kind;
    return `    ${kind.padEnd(18)}${clean(file.path)}${note}  ← ${clean(file.owner)}`;
  });
  return ['', '  Files it refers to', ...rows];
}

function compression(facts: BlendFacts): string {
  if (facts.compression === 'none') return 'not compressed';
  return facts.compression === 'gzip' ? 'compressed (gzip)' : 'compressed (Zstandard)';
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/** Names are data from strangers: no control characters on a terminal. */
function clean(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

function lines(texts: readonly string[]): string {
  return `${texts.join('\n')}\n`;
}
