import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Remembers where an upload goes on, so that the same command takes it up again after a crash or a closed lid. */
export interface Sessions {
  /** The address of an upload of exactly these bytes that was begun before; `null` = none is known. */
  find(upload: UploadKey): Promise<string | null>;
  remember(upload: UploadKey, url: string): Promise<void>;
  forget(upload: UploadKey): Promise<void>;
}

export interface UploadKey {
  /** The service that gave the address. */
  readonly service: string;
  readonly path: string;
  readonly size: number;
  readonly crc32c: string;
}

/** Cloud Storage keeps a session for a week. */
const LIVES_MS = 6 * 24 * 3600 * 1000;

export function createSessions(dir: string): Sessions {
  const fileOf = (upload: UploadKey): string => {
    const key = JSON.stringify([upload.service, upload.path, upload.size, upload.crc32c]);
    return join(dir, createHash('sha256').update(key).digest('hex'));
  };
  return {
    find: async (upload) => {
      const file = fileOf(upload);
      const url = await readFile(file, 'utf8').catch(() => null);
      return url !== null && URL.canParse(url) && (await isFresh(file)) ? url : null;
    },
    remember: async (upload, url) => {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await forgetOld(dir);
      const file = fileOf(upload);
      // Whoever knows the address can write that object.
      await writeFile(halfOf(file), url, { mode: 0o600 });
      await rename(halfOf(file), file);
    },
    forget: async (upload) => {
      const file = fileOf(upload);
      for (const path of [file, halfOf(file)]) await rm(path, { force: true });
    },
  };
}

/** Where it is until it is whole. */
function halfOf(file: string): string {
  return `${file}.half`;
}

async function forgetOld(dir: string): Promise<void> {
  for (const name of await readdir(dir))
    if (!(await isFresh(join(dir, name)))) await rm(join(dir, name), { force: true });
}

async function isFresh(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs < LIVES_MS;
}
