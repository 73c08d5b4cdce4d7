import type { BlendFacts, ExternalFile, SceneFacts } from '../control/blend/facts.ts';
import type { Inspected } from './inspect.ts';

/** A file for people: facts in the words of Blender's own panels. */
export function describeFile(inspected: Inspected): string {
  if ('error' in inspected)
    return lines([clean(inspected.file), `  cannot be read: ${inspected.error.message}`]);
  return lines([
    clean(inspected.file),
    `  Blender ${inspected.blenderVersion}, ${size(inspected.bytesTotal)}, ${compression(inspected)}`,
    ...inspected.scenes.flatMap((scene) => describeScene(scene, scene.name === inspected.activeScene)),
    ...describeFiles(inspected.externalFiles),
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
    ['View layers', scene.viewLayers.map((layer) => layer.name + (layer.enabled ? '' : ' (off)')).join(', ')],
    ...(scene.multiView ? [['Views', viewNames(scene)] as const] : []),
    ['Camera', camera(scene)],
  ];
  const title = `  Scene "${clean(scene.name)}"${isActive ? ' (active)' : ''}`;
  return ['', title, ...rows.map(([name, value]) => `    ${name.padEnd(13)}${clean(value)}`)];
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
  if (scene.resolutionPercent === 100) return shown;
  return `${shown} (${scene.resolutionPercent} % of ${scene.resolutionX} × ${scene.resolutionY})`;
}

function engine(scene: SceneFacts): string {
  const samples = scene.samples === null ? '' : `, ${scene.samples} samples`;
  const denoising = scene.useDenoising ? ', denoised' : '';
  return `${scene.engine}${samples}${scene.device ? `, on ${scene.device}` : ''}${denoising}`;
}

function output(scene: SceneFacts): string {
  const kind = scene.isMovie ? ' (a movie)' : '';
  const depth = scene.colorDepth === null ? '' : `, ${scene.colorDepth} bit`;
  return `${scene.outputPath}  ${scene.fileFormat}${kind}${depth}${scene.useOverwrite ? '' : ', skips what exists'}`;
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
    return `    ${kind.padEnd(16)}${clean(file.path)}${note}  ← ${clean(file.owner)}`;
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
