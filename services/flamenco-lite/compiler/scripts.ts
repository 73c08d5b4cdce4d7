import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of the job types that are built in. */
export const builtInScripts = join(import.meta.dirname, '..', 'scripts');

/** Shorter files are no job scripts. Flamenco: internal/manager/job_compilers/scripts.go */
const minScriptBytes = 8;

export interface JobScript {
  readonly typeName: string;
  readonly filename: string;
  readonly source: string;
}

/** The scripts of the folders, by type name; an earlier folder wins. Read anew each time, so that edits are seen. */
export function loadScripts(folders: readonly string[]): ReadonlyMap<string, JobScript> {
  const scripts = new Map<string, JobScript>();
  for (const script of folders.flatMap(scriptsIn)) {
    if (!scripts.has(script.typeName)) scripts.set(script.typeName, script);
  }
  return scripts;
}

/** Only regular files count, as in Flamenco: a folder of symlinks (a mounted ConfigMap) holds no scripts. */
function scriptsIn(folder: string): readonly JobScript[] {
  return entriesOf(folder)
    .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
    .map((entry) => ({
      typeName: entry.name.slice(0, -'.js'.length).replaceAll('_', '-'),
      filename: entry.name,
      source: readFileSync(join(folder, entry.name), 'utf8'),
    }))
    .filter((script) => Buffer.byteLength(script.source) >= minScriptBytes);
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
