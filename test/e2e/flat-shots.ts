import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const MAKE = resolve(import.meta.dirname, 'make_flat.py');

/** A shot of one colour: make_flat.py has the defaults. */
export interface FlatShot {
  readonly file: string;
  readonly colour?: readonly [number, number, number];
  readonly frames?: number;
  readonly output?: string;
  /** Python that runs when the file is opened, as registered text. */
  readonly script?: string;
  /** A .blend that it links, relative to it (`//…`); must be made before. */
  readonly library?: string;
  /** An image file that it refers to, relative to it. */
  readonly image?: string;
  readonly camera?: boolean;
}

export const RED = [1, 0, 0] as const;
export const BLUE = [0, 0, 1] as const;

/** Has Blender make them, in this order. */
export function makeFlatShots(shots: readonly FlatShot[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-flat-'));
  try {
    const orders = join(folder, 'orders.json');
    writeFileSync(orders, JSON.stringify(shots));
    execFileSync(
      'blender',
      ['-b', '--factory-startup', '--python-exit-code', '1', '--python', MAKE, '--', orders],
      {
        stdio: 'pipe',
      },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A script that makes each frame take so long, without keeping a core busy. */
export function slowly(seconds: number): string {
  return [
    'import bpy, time',
    'from bpy.app.handlers import persistent',
    '@persistent',
    `def wait(scene, *_): time.sleep(${seconds})`,
    'bpy.app.handlers.render_pre.append(wait)',
  ].join('\n');
}
