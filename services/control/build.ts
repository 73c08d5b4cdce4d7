import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { writePage } from '../page/build.ts';
import { warmCache } from './warm-cache.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');

/** CommonJS packages inside an ES module look for these. */
const COMMON_JS = [
  "import { createRequire as tablaoRequire } from 'node:module';",
  'const require = tablaoRequire(import.meta.url);',
  'const __filename = import.meta.filename;',
  'const __dirname = import.meta.dirname;',
].join('\n');

/** zod brings its messages in fifty languages, all of which would be loaded at each start. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/zod\/v4\/locales\/index\.c?js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

/**
 * Bundles a program for Node into `outdir`: what it needs at its start in few files, what is imported later in others.
 * Native packages and the bundler itself stay outside.
 */
export async function bundle(entry: string, outdir: string): Promise<void> {
  await build({
    entryPoints: [entry],
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    outExtension: { '.js': '.mjs' },
    banner: { js: COMMON_JS },
    // Names stay for stack traces; spaces are only read.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: false,
    plugins: [englishOnly],
    external: ['@node-rs/crc32', 'esbuild'],
    logLevel: 'warning',
  });
}

/** `npm run build`: the service into dist/control, the page into dist/page, what Node remembers of both roles beside them. */
async function main(): Promise<void> {
  const dist = join(ROOT, 'dist');
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist, { recursive: true });
  await bundle(join(import.meta.dirname, 'main.ts'), join(dist, 'control'));
  await writePage(join(dist, 'page'));
  await warmCache(join(dist, 'control'), join(dist, 'compile-cache'));
}

if (import.meta.main) await main();
