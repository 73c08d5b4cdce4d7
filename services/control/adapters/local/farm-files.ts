import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { isAbsent } from './file-errors.ts';
import { readJson } from './whole-files.ts';

/**
 * The farm's folder in the state folder. It is there as long as the farm is; deleting renames it away first, so that it
 * is gone at once.
 */
export const farmFiles = (stateDir: string) => {
  const dir = join(resolve(stateDir), 'farm');
  return {
    dir,
    farm: join(dir, 'farm.json'),
    deleting: join(dir, 'deleting.json'),
    /** Its processes end by themselves when nobody writes this anew: see deadman.ts. */
    deadman: join(dir, 'deadman.json'),
    /** The manager's working directory. */
    manager: join(dir, 'manager'),
    address: join(dir, 'manager', 'address.json'),
    /** One process folder for each start of the manager, in order. */
    managers: join(dir, 'managers'),
    workers: join(dir, 'workers'),
    /** Logs of what was removed. */
    logs: join(resolve(stateDir), 'logs'),
  };
};

const farmSchema = z.object({ id: z.string(), createdAt: z.number() });
const deletingSchema = z.object({ at: z.number() });
const addressSchema = z.object({ port: z.number() });

export async function readFarm(stateDir: string) {
  const value = await readJson(farmFiles(stateDir).farm);
  return value === undefined ? null : farmSchema.parse(value);
}

export async function readDeleting(stateDir: string) {
  const value = await readJson(farmFiles(stateDir).deleting);
  return value === undefined ? null : deletingSchema.parse(value);
}

/** The manager's port, kept for its restarts: workers know it by that. `null` = none was chosen yet. */
export async function readPort(stateDir: string): Promise<number | null> {
  const value = await readJson(farmFiles(stateDir).address);
  return value === undefined ? null : addressSchema.parse(value).port;
}

export const managerUrlOf = (port: number) => `http://127.0.0.1:${port}`;

/** Names in a folder, sorted; an absent folder has none. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}
