/** A setting that people can change here; the keys are those of `<shot>.render.json`. */
export interface SettingField {
  readonly key: string;
  readonly label: string;
  readonly kind: 'text' | 'number' | 'switch' | 'choice' | 'list' | 'time';
  readonly hint?: string;
  readonly choices?: readonly string[];
  readonly isMain?: boolean;
}

const FORMATS = [
  'PNG',
  'JPEG',
  'OPEN_EXR',
  'OPEN_EXR_MULTILAYER',
  'TIFF',
  'WEBP',
  'BMP',
  'TARGA',
  'HDR',
  'DPX',
];

export const SETTING_FIELDS: readonly SettingField[] = [
  { key: 'frames', label: 'Frames', kind: 'text', hint: '1-250 or 1,5,10-20', isMain: true },
  { key: 'resolutionPercent', label: 'Resolution %', kind: 'number', isMain: true },
  { key: 'samples', label: 'Samples', kind: 'number', isMain: true },
  { key: 'format', label: 'Format', kind: 'choice', choices: FORMATS, isMain: true },
  { key: 'scene', label: 'Scene', kind: 'text' },
  { key: 'camera', label: 'Camera', kind: 'text' },
  { key: 'viewLayers', label: 'View layers', kind: 'list', hint: 'names with commas' },
  { key: 'device', label: 'Device', kind: 'choice', choices: ['auto', 'cpu', 'gpu'] },
  { key: 'blender', label: 'Blender', kind: 'text', hint: '4.5' },
  { key: 'scripts', label: "The file's own Python", kind: 'switch' },
  { key: 'video', label: 'Preview video', kind: 'switch' },
  { key: 'fps', label: 'Frames a second', kind: 'number' },
  { key: 'chunkSize', label: 'Frames a task', kind: 'number' },
  { key: 'pool', label: 'Pool', kind: 'text' },
  { key: 'memoryGiB', label: 'Memory, GiB', kind: 'number' },
  { key: 'priority', label: 'Priority', kind: 'number', hint: '0 to 100' },
  { key: 'maxDollars', label: 'At most, $', kind: 'number' },
  { key: 'finishBy', label: 'Finish by', kind: 'time' },
  { key: 'frameMinutesLimit', label: 'Minutes a frame, at most', kind: 'number' },
  { key: 'hold', label: 'Stop after first, middle, last', kind: 'switch' },
];

/** What people typed, as text by key; an empty text or a key that is not there = not changed. */
export type Typed = Readonly<Record<string, string>>;

/** The same as JSON that the service understands; it says what is wrong with it. */
export function settingsOf(typed: Typed): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const { key, kind } of SETTING_FIELDS) {
    const text = typed[key]?.trim() ?? '';
    if (text !== '') settings[key] = jsonOf(kind, text);
  }
  return settings;
}

function jsonOf(kind: SettingField['kind'], text: string): unknown {
  switch (kind) {
    case 'number':
      return Number.isNaN(Number(text)) ? text : Number(text);
    case 'switch':
      return text === 'yes';
    case 'list':
      return text.split(',').map((part) => part.trim());
    case 'time':
      return Number.isNaN(Date.parse(text)) ? text : new Date(text).toISOString();
    default:
      return text;
  }
}

/** A resolved value for people. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return Array.isArray(value) ? value.join(', ') : String(value);
}

export const ORIGIN_TEXTS: Readonly<Record<string, string>> = {
  default: 'default',
  blend: 'the .blend',
  'render.json': 'render.json',
  request: 'you',
};
