import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Tools } from '../tools/tools.ts';
import type { Manifest } from './render.ts';

const compiler = join(import.meta.dirname, '../../node_modules/typescript/bin/tsc');

/**
 * What is wrong with the objects by Kubernetes' own definitions. Twice, as each sees what the other does not: by the
 * models' validators (formats), and by the compiler with the objects as literals (fields that do not exist).
 */
export async function problemsOf(tools: Tools, objects: readonly Manifest[]): Promise<readonly string[]> {
  const invalid = await Promise.all(objects.map((object) => validate(tools, object)));
  return [...invalid.flat(), ...compile(tools, objects)];
}

const moduleOf = ({ apiVersion, kind }: Manifest) => `kubernetes-models/${apiVersion}/${kind}`;

async function validate(tools: Tools, object: Manifest): Promise<readonly string[]> {
  const file = join(tools.folder, 'node_modules', `${moduleOf(object)}.js`);
  const { [object.kind]: Model } = await import(pathToFileURL(file).href);
  try {
    new Model(object).validate();
    return [];
  } catch (error) {
    return [`${object.kind} ${object.metadata.name}: ${error instanceof Error ? error.message : error}`];
  }
}

function compile(tools: Tools, objects: readonly Manifest[]): readonly string[] {
  const folder = mkdtempSync(join(tools.folder, 'check-'));
  const lines = objects.map(
    (object, index) =>
      `import type { I${object.kind} as T${index} } from '${moduleOf(object)}';\n` +
      `export const o${index}: T${index} = ${JSON.stringify(object, null, 1)};`,
  );
  const file = join(folder, 'objects.ts');
  writeFileSync(file, lines.join('\n'));
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2024'];
  const ended = spawnSync(process.execPath, [compiler, ...options, '--types', '', file], {
    cwd: folder,
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true, force: true });
  return ended.status === 0 ? [] : `${ended.stdout}${ended.stderr}`.trimEnd().split('\n');
}
