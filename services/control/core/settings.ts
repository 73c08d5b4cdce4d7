import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import { formatFrames, framesOfRange, parseFrames } from './frames.ts';
import { extensionOf, knownFormats } from './output-names.ts';
import type { Reason, RunSettings, Setting, SettingOrigin } from './run.ts';
import { activeSceneOf, findScene, type SceneFacts, type ShotFacts } from './shot-facts.ts';

const crc32c = z.string().regex(/^[A-Za-z0-9+/]{6}==$/, 'a base64 CRC-32C of 8 characters');

const manifestSchema = z.array(
  z.strictObject({ path: z.string().min(1).max(1024), size: z.int().min(0), crc32c }),
);

/** `<shot>.render.json`, and the settings of a request. People's units; every key may be left out. */
const settingsSchema = z.strictObject({
  frames: z.string().min(1).max(10_000).optional(),
  scene: z.string().min(1).optional(),
  camera: z.string().min(1).optional(),
  viewLayers: z.array(z.string().min(1)).min(1).optional(),
  format: z.string().min(1).optional(),
  resolutionPercent: z.int().min(1).max(1000).optional(),
  samples: z.int().min(1).max(1_000_000).optional(),
  device: z.enum(['auto', 'cpu', 'gpu']).optional(),
  scripts: z.boolean().optional(),
  blender: z
    .string()
    .regex(/^\d+\.\d+(\.\d+)?$/, 'a version like "4.5" or "4.5.3"')
    .optional(),
  chunkSize: z.int().min(1).max(10_000).optional(),
  pool: z.string().min(1).optional(),
  memoryGiB: z.number().positive().max(4096).optional(),
  priority: z.int().min(0).max(100).optional(),
  video: z.boolean().optional(),
  fps: z.number().positive().max(1000).optional(),
  maxDollars: z.number().positive().optional(),
  finishBy: z.iso.datetime({ offset: true }).optional(),
  frameMinutesLimit: z.number().positive().optional(),
  hold: z.boolean().optional(),
  inputs: manifestSchema.optional(),
});

export type SettingsFile = z.infer<typeof settingsSchema>;

export type SettingsRead =
  | { readonly ok: true; readonly settings: SettingsFile }
  | { readonly ok: false; readonly reason: Reason };

/** Checks what a `render.json` or a request holds; every problem is named, an unknown key with the nearest known one. */
export function readSettings(value: unknown, from: string): SettingsRead {
  const parsed = settingsSchema.safeParse(value);
  if (parsed.success) return { ok: true, settings: parsed.data };
  const problems = parsed.error.issues.flatMap(describeIssue);
  return {
    ok: false,
    reason: {
      code: 'badSettings',
      message: `${from}: ${problems.join('; ')}`,
      action: `Correct ${from} and upload it again.`,
    },
  };
}

function describeIssue(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map(unknownKey);
  const where = issue.path.map(String).join('.');
  return [where === '' ? issue.message : `${where}: ${issue.message}`];
}

function unknownKey(key: string): string {
  const near = closest(key, Object.keys(settingsSchema.shape));
  return `unknown key "${key.slice(0, 60)}" (did you mean "${near}"?)`;
}

/** The layers that settings come from, weakest first. */
export interface SettingsSources {
  readonly facts: ShotFacts;
  readonly file: SettingsFile;
  readonly request: SettingsFile;
  readonly allowSceneScripts: boolean;
}

export type SettingsResolved =
  | { readonly ok: true; readonly settings: RunSettings; readonly scene: SceneFacts }
  | { readonly ok: false; readonly reason: Reason };

/** Deployment defaults < the .blend < `<shot>.render.json` < the request; or why that cannot be rendered. */
export function resolveSettings(sources: SettingsSources): SettingsResolved {
  const scene = chooseScene(sources);
  if (!scene.ok) return scene;
  const frames = chooseFrames(sources, scene.facts);
  if (!frames.ok) return frames;
  const format = chooseFormat(sources, scene.facts);
  if (!format.ok) return format;
  const problem = cannotRender(sources, scene.facts);
  if (problem !== null) return { ok: false, reason: problem };
  return {
    ok: true,
    scene: scene.facts,
    settings: {
      ...plainSettings(sources, scene.facts),
      scene: scene.setting,
      frames: frames.setting,
      format: format.setting,
    },
  };
}

export const DEFAULT_PRIORITY = 50;

function plainSettings(
  sources: SettingsSources,
  scene: SceneFacts,
): Omit<RunSettings, 'scene' | 'frames' | 'format'> {
  const pick = <K extends keyof SettingsFile, T>(key: K, own: T, origin: SettingOrigin = 'default') =>
    pickSetting<K, T>(sources, key, own, origin);
  return {
    camera: pick('camera', null, 'blend'),
    viewLayers: pick('viewLayers', null, 'blend'),
    resolutionPercent: pick('resolutionPercent', scene.resolutionPercent, 'blend'),
    samples: pick('samples', scene.samples, 'blend'),
    device: pick('device', 'auto'),
    scripts: pick('scripts', sources.allowSceneScripts),
    blender: pick('blender', null),
    chunkSize: pick('chunkSize', null),
    pool: pick('pool', null),
    memoryGiB: pick('memoryGiB', null),
    priority: pick('priority', DEFAULT_PRIORITY),
    video: pick('video', true),
    fps: pick('fps', scene.fps, 'blend'),
    maxDollars: pick('maxDollars', null),
    finishBy: pick('finishBy', null),
    frameMinutesLimit: pick('frameMinutesLimit', null),
    hold: pick('hold', false),
  };
}

function pickSetting<K extends keyof SettingsFile, T>(
  sources: SettingsSources,
  key: K,
  own: T,
  origin: SettingOrigin,
): Setting<T | NonNullable<SettingsFile[K]>> {
  const requested = sources.request[key];
  if (requested !== undefined) return { value: requested as NonNullable<SettingsFile[K]>, origin: 'request' };
  const filed = sources.file[key];
  if (filed !== undefined) return { value: filed as NonNullable<SettingsFile[K]>, origin: 'render.json' };
  return { value: own, origin };
}

type Chosen<T> =
  | ({ readonly ok: true; readonly setting: Setting<string> } & T)
  | { readonly ok: false; readonly reason: Reason };

function chooseScene(sources: SettingsSources): Chosen<{ readonly facts: SceneFacts }> {
  const { facts } = sources;
  const active = activeSceneOf(facts);
  const setting = pickSetting(sources, 'scene', active?.name ?? '', 'blend');
  const chosen = findScene(facts, setting.value);
  if (chosen !== null) return { ok: true, setting, facts: chosen };
  const names = facts.scenes.map((scene) => `"${scene.name}"`).join(', ');
  if (setting.origin === 'blend') {
    return refuse(
      'noScene',
      'The file has no scene of its own (its active scene is linked from another file).',
      'Render the file that the scene is in, or make a local scene in this one.',
    );
  }
  return refuse(
    'unknownScene',
    `There is no scene "${setting.value}" in the file; it has ${names || 'none'}.`,
    'Name one of these, or leave "scene" out to render the active one.',
  );
}

function chooseFrames(sources: SettingsSources, scene: SceneFacts): Chosen<object> {
  const own = pickSetting(sources, 'frames', '', 'blend');
  if (own.value !== '') return framesGiven(own);
  if (scene.frameStart < 0) {
    return refuse(
      'negativeFrames',
      `The scene begins at frame ${scene.frameStart}: negative frames cannot be rendered on the farm.`,
      'Move the animation so that it starts at frame 0 or later, or set "frames" in the render.json.',
    );
  }
  if (scene.frameStep < 1)
    return refuse(
      'noFrames',
      `The scene's frame step is ${scene.frameStep}: Blender renders nothing but its first frame with that.`,
      'Set the step in Output Properties and upload the file again, or set "frames" in the render.json.',
    );
  const frames = framesOfRange(scene.frameStart, scene.frameEnd, scene.frameStep);
  if (frames.length > 0) return { ok: true, setting: { value: formatFrames(frames), origin: 'blend' } };
  return refuse(
    'noFrames',
    `The scene's frame range is empty (${scene.frameStart} to ${scene.frameEnd}).`,
    'Set the range in Output Properties and upload the file again, or set "frames" in the render.json.',
  );
}

function framesGiven(given: Setting<string>): Chosen<object> {
  const parsed = parseFrames(given.value);
  if (!parsed.ok) return refuse('badSettings', parsed.message, parsed.action);
  return { ok: true, setting: { value: formatFrames(parsed.frames), origin: given.origin } };
}

/** Movie output is rendered as PNG frames (a farm's workers cannot share one movie file) plus the preview video. */
function chooseFormat(sources: SettingsSources, scene: SceneFacts): Chosen<object> {
  const own = scene.isMovie ? 'PNG' : (scene.fileFormat ?? '');
  const setting = pickSetting(sources, 'format', own, scene.isMovie ? 'default' : 'blend');
  const value = setting.value.toUpperCase();
  if (extensionOf(value) !== null) return { ok: true, setting: { ...setting, value } };
  return refuse(
    'formatNotSupported',
    `The output format ${setting.value === '' ? 'of the scene' : `"${setting.value}"`} cannot be rendered on the farm.`,
    `Choose one of ${knownFormats().join(', ')} in Output Properties or as "format" in the render.json.`,
  );
}

function cannotRender(sources: SettingsSources, scene: SceneFacts): Reason | null {
  const hasOtherCamera = (sources.request.camera ?? sources.file.camera) !== undefined;
  if (scene.canRender || hasOtherCamera) return null;
  return {
    code: 'cannotRender',
    message: `Scene "${scene.name}" has no camera, no camera bound to a marker and no sequence: there is nothing to render.`,
    action: 'Add a camera (or make one active) in Blender and upload the file again.',
  };
}

function refuse(
  code: string,
  message: string,
  action: string,
): { readonly ok: false; readonly reason: Reason } {
  return { ok: false, reason: { code, message, action } };
}
