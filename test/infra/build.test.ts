// What Cloud Build is given, beside what the Dockerfiles want.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');

interface Build {
  readonly steps: readonly { readonly args: readonly string[] }[];
  readonly images: readonly string[];
}

describe('the build of the images', () => {
  const { steps, images }: Build = parse(read('infra/cloudbuild.yaml'));

  test('builds each image by its own Dockerfile and keeps all three', () => {
    const worker = steps.find(({ args }) => args.includes('docker/worker/Dockerfile'));
    assert.ok(worker?.args.includes(`--build-arg=BLENDER_VERSIONS=\${_BLENDERS}`));
    const built = steps.map(({ args }) => [
      args[args.indexOf('--file') + 1],
      args[args.indexOf('--tag') + 1],
    ]);
    const wanted = ['control', 'manager', 'worker'];
    assert.deepEqual(
      built,
      wanted.map((name) => [`docker/${name}/Dockerfile`, `\${_REGISTRY}/${name}:\${_TAG}`]),
    );
    assert.deepEqual(
      images,
      built.map(([, tag]) => tag),
    );
  });

  test('is given every file that a Dockerfile copies, and nothing of the tests', () => {
    const left = new Set(git('ls-files', '--cached', '--ignored', '--exclude-from=infra/gcloudignore'));
    const sent = git('ls-files').filter((file) => !left.has(file));
    assert.ok(!sent.some((file) => /^(test|infra)\//.test(file)));
    const copied = ['control', 'manager', 'worker'].flatMap((name) =>
      [...read(`docker/${name}/Dockerfile`).matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(
        ([, list = '']) => list.split(' ').filter((word) => !word.startsWith('--')),
      ),
    );
    assert.ok(copied.length > 6);
    const missing = copied.filter(
      (path) => !sent.some((file) => file === path || file.startsWith(`${path}/`)),
    );
    assert.deepEqual(missing, []);
  });

  test('bakes the Blenders in that the service is told of', () => {
    const baked = /^ARG BLENDER_VERSIONS="(.+)"$/m.exec(read('docker/worker/Dockerfile'))?.[1]?.split(' ');
    const variable = /variable "blenders" \{[\s\S]*?default\s*=\s*(\[.*\])/.exec(
      read('infra/terraform/variables.tf'),
    );
    assert.deepEqual(JSON.parse(variable?.[1] ?? 'null'), baked);
  });
});
