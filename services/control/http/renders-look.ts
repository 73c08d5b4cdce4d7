import { crc32c } from '@node-rs/crc32';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { ObjectSeen } from '../ports/buckets.ts';
import { wantJson } from './callers.ts';
import type { AppDeps } from './deps.ts';
import { pathProblem } from './object-paths.ts';

/** One object of the renders bucket, as it is now. */
interface RenderSeen {
  readonly path: string;
  readonly size: number;
  readonly generation: string;
  /** CRC-32C of the bytes, base64 of the big-endian 4 bytes. */
  readonly crc32c: string;
  /** RFC 3339 in UTC. */
  readonly updatedAt: string;
}

const MAX_PATHS = 100;
const PIECE_BYTES = 4 * 1024 * 1024;
/** Enough for the frames that people fetch one after the other; an entry is some 100 bytes. */
const REMEMBERED = 20_000;

const body = z.strictObject({ paths: z.array(z.string()).max(MAX_PATHS) });

/**
 * `POST /renders/look {paths}` → `{files: [{path, size, generation, crc32c, updatedAt}], dollarsPerGiB}`: what is needed to fetch
 * renders and to prove that all of it came. Absent ones are left out. A folder keeps no checksums: there each file is
 * read once. `dollarsPerGiB` is what leaving the bucket costs, 0 on one machine.
 */
export async function renderLookRoutes(app: FastifyInstance, deps: AppDeps): Promise<void> {
  wantJson(app);
  const sums = new Map<string, string>();
  app.withTypeProvider<ZodTypeProvider>().post('/renders/look', { schema: { body } }, async (request) => {
    const files: RenderSeen[] = [];
    for (const path of request.body.paths) {
      const seen = await look(path);
      if (seen !== null) files.push(seen);
    }
    return { files, dollarsPerGiB: deps.egressPricePerGiB ?? 0 };
  });

  async function look(path: string): Promise<RenderSeen | null> {
    if (pathProblem(path) !== null) return null;
    const find = async () => (await deps.renders.list(path)).find((one) => one.path === path) ?? null;
    const object = await find();
    if (object === null) return null;
    const { size, generation } = object;
    const seen = { path, size, generation, updatedAt: new Date(object.updatedAt).toISOString() };
    if (object.crc32c !== null) return { ...seen, crc32c: object.crc32c };
    const sum = sums.get(`${path} ${generation}`) ?? (await sumOf(object));
    // Written anew while it was read: the sum belongs to neither.
    if ((await find())?.generation !== generation) return null;
    remember(`${path} ${generation}`, sum);
    return { ...seen, crc32c: sum };
  }

  async function sumOf({ path, size }: ObjectSeen): Promise<string> {
    let sum = 0;
    for (let at = 0; at < size; ) {
      const piece = await deps.renders.read(path, at, Math.min(PIECE_BYTES, size - at));
      if (piece.length === 0) break;
      sum = crc32c(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength), sum);
      at += piece.length;
    }
    const four = Buffer.alloc(4);
    four.writeUInt32BE(sum);
    return four.toString('base64');
  }

  function remember(key: string, sum: string): void {
    sums.set(key, sum);
    const oldest = sums.keys().next().value;
    if (sums.size > REMEMBERED && oldest !== undefined) sums.delete(oldest);
  }
}
