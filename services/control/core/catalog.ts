import picomatch from 'picomatch';
import type { ReadFailure, ShotFacts } from './shot-facts.ts';
import type { EpochMs } from './time.ts';

/** One .blend of the scenes bucket as last read. */
export interface CatalogEntry {
  readonly path: string;
  readonly generation: string;
  readonly size: number;
  /** When its bytes were written. */
  readonly updatedAt: EpochMs;
  /** When we first saw this generation. */
  readonly seenAt: EpochMs;
  readonly facts: ShotFacts | null;
  readonly failure: ReadFailure | null;
  /** Which form of `facts` was read: an older one is read again. */
  readonly readAs?: number;
  /** Since when it is not there; `null` = it is. */
  readonly goneSince: EpochMs | null;
}

/** One `<shot>.render.json` as last read: its JSON, or why it is none. */
export interface SettingsSeen {
  readonly generation: string;
  readonly updatedAt: EpochMs;
  readonly value: unknown;
  readonly problem: string | null;
  /** Who sent it, where that is known. */
  readonly sentBy?: string;
  /** Since when it is not there; `null` = it is. */
  readonly goneSince: EpochMs | null;
}

/**
 * A file counts as gone when it has stayed away for so long: programs write a file over by taking the old one away, and
 * one that is being written is not there until it is whole.
 */
export const GONE_AFTER_MS = 60_000;

/** `state/catalog.json`: what is known of every .blend in the bucket. A cache: it can be read again from the bucket. */
export type Catalog = ReadonlyMap<string, CatalogEntry>;

/** Paths of the .blends that some other .blend in the bucket links: they are libraries. */
export function linkedPaths(catalog: Catalog): ReadonlySet<string> {
  const linked = new Set<string>();
  for (const entry of catalog.values()) {
    for (const reference of entry.facts?.references ?? []) {
      if (reference.kind !== 'library') continue;
      const path = resolveReference(entry.path, reference.path);
      if (path !== null && path !== entry.path) linked.add(path);
    }
  }
  return linked;
}

export function createIgnore(globs: readonly string[]): (path: string) => boolean {
  const matches = globs.map((glob) => picomatch(glob, { dot: true }));
  return (path) => matches.some((match) => match(path));
}

/**
 * Path in the bucket of what `stored` means in the .blend at `from`; `null` when it cannot be in the bucket
 * (absolute, or it leads above the bucket's root).
 */
export function resolveReference(from: string, stored: string): string | null {
  const path = stored.replaceAll('\\', '/');
  if (!path.startsWith('//') || path.startsWith('///')) return null;
  const parts = from.split('/').slice(0, -1);
  for (const part of path.slice(2).split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join('/');
}

/** A shot is looked at anew when its .blend or its settings file was written anew: this differs then. */
export function triggerOf(generation: string, settings: SettingsSeen | undefined): string {
  return `${generation}/${settings?.generation ?? 'none'}`;
}

/** Sent with a manifest: a person named this shot. */
export function hasManifest(settings: SettingsSeen | undefined): boolean {
  if (settings === undefined || settings.problem !== null) return false;
  const { value } = settings;
  return typeof value === 'object' && value !== null && 'inputs' in value;
}

export function folderOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

export function shotOf(scenePath: string): string {
  return scenePath.replace(/\.blend$/i, '');
}

export function isBlend(path: string): boolean {
  return /\.blend$/i.test(path);
}

export function renderJsonOf(scenePath: string): string {
  return `${shotOf(scenePath)}.render.json`;
}

/** The .blend that a `<shot>.render.json` belongs to; `null` for any other name. */
export function sceneOfRenderJson(path: string): string | null {
  return path.endsWith('.render.json') ? `${path.slice(0, -'.render.json'.length)}.blend` : null;
}
