import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { isBlend } from '../control/core/catalog.ts';

/** Why a file of this machine cannot be a shot, as a sentence; `null` = it can. `file` is as the person wrote it. */
export async function shotProblem(file: string, path: string): Promise<string | null> {
  if (!isBlend(path)) return `${file}: this is no .blend file. Name the shot to render.`;
  const found = await stat(path).catch(() => null);
  if (found === null) return `${file}: there is no such file. Is the path right? (${path})`;
  if (!found.isFile()) return `${file}: this is no file. Name one .blend.`;
  const mayRead = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
  return mayRead ? null : `${file}: it may not be read. Give yourself the right to.`;
}

/** The settings in a `render.json`: `{}` when there is none, `null` when it holds no JSON object. */
export async function readSettingsFile(path: string): Promise<Readonly<Record<string, unknown>> | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

/** A folder's name for the scenes bucket: hidden folders are left out there, and Flamenco would expand braces. */
export function safeFolderName(name: string): string {
  return name.replace(/^\.+/, '_').replace(/[{}\u0000-\u001f\u007f\\]/g, '_');
}
