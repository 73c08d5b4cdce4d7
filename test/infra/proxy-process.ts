import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { SCRIPTS } from './scripts.ts';

/** Why the proxy cannot be tried here; `false` = it can. */
export const cannotProxy = process.platform === 'win32' && 'its gcloud is a shell script here';

interface Options {
  /** `http://host:port` */
  readonly page: string;
  /** A shell script in gcloud's place, which prints a token. */
  readonly gcloud: string;
}

/** Surroundings in which this script is gcloud. */
export function withGcloud(t: { after(fn: () => unknown): void }, gcloud: string): NodeJS.ProcessEnv {
  const dir = mkdtempSync(join(tmpdir(), 'tablao-proxy-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, 'gcloud'), gcloud);
  chmodSync(join(dir, 'gcloud'), 0o755);
  return { ...process.env, PATH: `${dir}${delimiter}${process.env.PATH}` };
}

/** `npm run proxy` before that page, at any free port: its `host:port`. */
export async function startProxy(
  t: { after(fn: () => unknown): void },
  { page, gcloud }: Options,
): Promise<string> {
  const env = withGcloud(t, gcloud);
  const at = ['--project', 'film-farm', '--region', 'europe-west1', '--port', '0', '--page', page];
  const proxy = spawn(process.execPath, [join(SCRIPTS, 'proxy.mjs'), ...at], {
    ...{ env, stdio: ['ignore', 'pipe', 'inherit'] },
  });
  t.after(() => proxy.kill());
  return new Promise<string>((ready, failed) => {
    proxy.stdout.on('data', (text) => ready(/http:\/\/(127\.0\.0\.1:\d+)/.exec(String(text))?.[1] ?? ''));
    proxy.on('exit', (code) => failed(new Error(`it ended with ${code}`)));
  });
}
