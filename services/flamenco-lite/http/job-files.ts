import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { jobFilesPrefix } from '../storage/job-files.ts';
import type { ManagerDeps } from './deps.ts';

const pngStart = Buffer.from([0x89, 0x50, 0x4e, 0x47]);

/** Task logs and last-rendered images, straight from the disk. */
export function jobFileRoutes(app: FastifyInstance, { files }: ManagerDeps): void {
  app.get<{ Params: { '*': string } }>(`${jobFilesPrefix}/*`, async ({ params }, reply) => {
    const path = files.fileAt(params['*']);
    const bytes = path === null ? null : await readFile(path).catch(() => null);
    if (path === null || bytes === null) return reply.code(404).send({ message: 'Not Found' });
    return reply.type(mediaType(path, bytes)).send(bytes);
  });
}

function mediaType(path: string, bytes: Buffer): string {
  if (extname(path) === '.txt') return 'text/plain; charset=utf-8';
  // Images keep the format that the worker sent, whatever their name says.
  return bytes.subarray(0, pngStart.length).equals(pngStart) ? 'image/png' : 'image/jpeg';
}
