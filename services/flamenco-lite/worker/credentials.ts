import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Credentials {
  readonly workerId: string;
  readonly secret: string;
}

const filename = 'flamenco-worker-credentials.yaml';

/** The saved identity, or `null` when there is none that can be used. */
export function readCredentials(home: string): Credentials | null {
  const text = readIfThere(join(home, filename));
  const workerId = fieldOf(text, 'worker_id');
  const secret = fieldOf(text, 'worker_secret');
  return workerId === null || secret === null ? null : { workerId, secret };
}

/** Saves through a second file, readable by its owner only. Throws when the folder cannot be written. */
export function saveCredentials(home: string, credentials: Credentials): void {
  const path = join(home, filename);
  const lines = [
    '# Credentials of a Flamenco worker. Without this file the worker registers anew.',
    `worker_id: ${credentials.workerId}`,
    `worker_secret: ${credentials.secret}`,
  ];
  mkdirSync(home, { recursive: true });
  writeFileSync(`${path}~`, `${lines.join('\n')}\n`, { mode: 0o600 });
  renameSync(`${path}~`, path);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Two plain values are all that this file ever holds, so no YAML reader is loaded for them. */
function fieldOf(text: string, key: string): string | null {
  const match = new RegExp(`^${key}:\\s*["']?([^"'\\s#]+)["']?\\s*$`, 'm').exec(text);
  return match?.[1] ?? null;
}
