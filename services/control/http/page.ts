import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { AppDeps } from './deps.ts';

/** The files of the page, by name: nothing else of the folder can be asked for. */
const FILES: Readonly<Record<string, { readonly file: string; readonly type: string }>> = {
  '/': { file: 'index.html', type: 'text/html; charset=utf-8' },
  '/page/page.css': { file: 'page.css', type: 'text/css; charset=utf-8' },
  '/page/page.js': { file: 'page.js', type: 'text/javascript; charset=utf-8' },
  '/page/view.js': { file: 'view.js', type: 'text/javascript; charset=utf-8' },
  '/page/format.js': { file: 'format.js', type: 'text/javascript; charset=utf-8' },
  '/favicon.ico': { file: 'icon.svg', type: 'image/svg+xml' },
};

/** Only our own files run and are shown; nobody may put the page into a frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "media-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `GET /`: what people see. */
export async function pageRoutes(app: FastifyInstance, { pageDir }: AppDeps): Promise<void> {
  for (const [url, { file, type }] of Object.entries(FILES))
    app.get(url, async (_request, reply) =>
      reply
        .headers({
          'content-type': type,
          'content-security-policy': POLICY,
          'cache-control': 'no-cache',
          'x-frame-options': 'DENY',
        })
        .send(await readFile(join(pageDir, file))),
    );
}
