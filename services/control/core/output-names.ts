import type { OutputNames } from './run.ts';

/** Extension that Blender gives each still format. Formats that are not here cannot be rendered on the farm. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  PNG: '.png',
  JPEG: '.jpg',
  OPEN_EXR: '.exr',
  OPEN_EXR_MULTILAYER: '.exr',
  TIFF: '.tif',
  WEBP: '.webp',
  BMP: '.bmp',
  TARGA: '.tga',
  TARGA_RAW: '.tga',
  HDR: '.hdr',
  JPEG2000: '.jp2',
  CINEON: '.cin',
  DPX: '.dpx',
};

/** File systems take names of 255 bytes: these, a view's suffix (64) and the extension stay below that. */
const HEAD_BYTES = 120;
const TAIL_BYTES = 40;
const MAX_HASHES = 20;

export function extensionOf(format: string): string | null {
  return EXTENSIONS[format] ?? null;
}

export function knownFormats(): readonly string[] {
  return Object.keys(EXTENSIONS);
}

/**
 * What the frames are called: the base name and `#` padding of the scene's own output path, else `<shot>_####`.
 * Names from people are data: what Flamenco, Blender or a shell would interpret becomes `_`.
 */
export function outputNames(
  shot: string,
  outputPath: string,
  extension: string,
  viewSuffixes: readonly string[] | null,
): OutputNames {
  const own = baseName(outputPath.replaceAll('\\', '/'));
  const base = own === '' ? `${baseName(shot)}_####` : own;
  const pattern = withOneRunOfHashes(withoutExtension(base, extension));
  return { pattern, extension, views: viewSuffixes ?? [''] };
}

/** File names of one frame: one a view. */
export function frameFiles(names: OutputNames, frame: number): readonly string[] {
  const stem = names.pattern.replace(/#+/, (hashes) => String(frame).padStart(hashes.length, '0'));
  return names.views.map((view) => `${stem}${view}${names.extension}`);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function withoutExtension(name: string, extension: string): string {
  return name.toLowerCase().endsWith(extension) ? name.slice(0, -extension.length) : name;
}

/** Blender replaces the last run of `#`; all others would stay in the name, so they become `_`. None: four are added. */
function withOneRunOfHashes(name: string): string {
  const last = /#+(?=[^#]*$)/.exec(name);
  if (last === null) return `${sanitize(name, HEAD_BYTES)}####`;
  const head = name.slice(0, last.index);
  const tail = name.slice(last.index + last[0].length);
  const hashes = last[0].slice(0, MAX_HASHES);
  return `${sanitize(head, HEAD_BYTES)}${hashes}${sanitize(tail, TAIL_BYTES)}`;
}

/** `{}` Flamenco expands, `#` Blender counts, `[]*?` globs match. */
function sanitize(text: string, bytes: number): string {
  return cutTo(bytes, text.replace(/[{}#[\]*?"<>|:\u0000-\u001f\u007f]/gu, '_'));
}

/** The beginning of a text, as many whole characters as so many bytes of UTF-8 hold. */
function cutTo(bytes: number, text: string): string {
  return text.slice(0, new TextEncoder().encodeInto(text, new Uint8Array(bytes)).read);
}
