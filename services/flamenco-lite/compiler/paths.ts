import { posix } from 'node:path';

/** Path functions for job scripts: both kinds of slashes are understood, forward ones are returned, on any system. */
export const scriptPath = {
  basename: (path: unknown): string => base(slashed(path)),
  dirname: (path: unknown): string => directory(slashed(path)),
  join: (...parts: readonly unknown[]): string => {
    const given = parts.map(slashed).filter((part) => part !== '');
    return given.length === 0 ? '' : trimEnd(posix.join(...given));
  },
  stem: (path: unknown): string => {
    const name = base(slashed(path));
    const dot = name.lastIndexOf('.');
    return dot < 0 ? name : name.slice(0, dot);
  },
};

function slashed(path: unknown): string {
  return String(path ?? '').replaceAll('\\', '/');
}

function base(path: string): string {
  if (path === '') return '.';
  const trimmed = path.replace(/\/+$/, '');
  return trimmed === '' ? '/' : trimmed.slice(trimmed.lastIndexOf('/') + 1);
}

/** Does not tidy the path, so that a network path keeps its two leading slashes. */
function directory(path: string): string {
  const end = path.lastIndexOf('/') + 1;
  if (end === 0) return '.';
  return end > 1 ? path.slice(0, end - 1) : '/';
}

function trimEnd(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
