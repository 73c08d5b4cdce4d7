import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';

const COLOURS = /\u001b\[[0-9;]*m/g;
const ROOT = join(import.meta.dirname, '../..');
export const SCRIPTS = join(ROOT, 'infra/scripts');

/** What a script said and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly words: string;
}

/** Runs a script of infra/scripts as npm does. */
export function runScript(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Ran> {
  return new Promise((done) => {
    const script = join(SCRIPTS, `${name}.mjs`);
    execFile(process.execPath, [script, ...args], { cwd: ROOT, env, maxBuffer: 64e6 }, (error, out, words) =>
      done({ code: error === null ? 0 : Number(error.code), out, words: words.replaceAll(COLOURS, '') }),
    );
  });
}

/** The commands that a script showed, one a line, as a shell would take them. */
export function commandsIn({ words }: Ran): readonly string[] {
  return [...words.matchAll(/^\$ (.+)$/gm)].map(([, line = '']) => line);
}

/** Why Google's own program cannot take part; `false` = it can. */
export const gcloudAbsent =
  spawnSync('gcloud', ['version']).error === undefined ? false : 'gcloud is not installed';
