import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { IMAGES, namesOf, ROOT } from './names.mjs';

/** What the images are made of. */
const PARTS = ['.npmrc', 'package.json', 'package-lock.json', 'docker', 'charts', 'services'];

/**
 * The references of the three images with their digests. What is not there under the tag of what stands in this folder
 * is built by Cloud Build, the worker's with these Blenders.
 */
export async function provideImages(programs, { project, region }, blenders) {
  const { registry, buckets, buildAccount } = namesOf(project, region);
  const versions = blenders.join(' ');
  const tag = tagOfSource(versions);
  const look = () =>
    IMAGES.map((name) =>
      programs.find(
        'sha256:DIGEST',
        ...['gcloud', 'artifacts', 'docker', 'images', 'describe', `${registry}/${name}:${tag}`],
        ...[`--project=${project}`, '--format=value(image_summary.digest)'],
      ),
    );
  let digests = look();
  if (programs.isDry || digests.includes(null)) {
    await programs.run(
      ...['gcloud', 'builds', 'submit', '.', `--project=${project}`, '--config=infra/cloudbuild.yaml'],
      '--ignore-file=infra/gcloudignore',
      `--substitutions=_REGISTRY=${registry},_TAG=${tag},_BLENDERS=${versions}`,
      ...[`--service-account=${buildAccount}`, `--gcs-source-staging-dir=gs://${buckets.terraform}/source`],
    );
    digests = look();
  }
  return Object.fromEntries(IMAGES.map((name, index) => [name, `${registry}/${name}@${digests[index]}`]));
}

/** The same for the same contents, so that nothing is built twice. */
function tagOfSource(blenders) {
  const hash = createHash('sha256').update(`${blenders}\0`);
  const isFolder = (name) => statSync(join(ROOT, name)).isDirectory();
  const files = PARTS.flatMap((part) =>
    isFolder(part)
      ? readdirSync(join(ROOT, part), { recursive: true }).map((name) => join(part, name))
      : [part],
  );
  for (const file of files.sort()) {
    const path = join(ROOT, file);
    if (!statSync(path).isFile() || /node_modules|__pycache__/.test(file)) continue;
    hash.update(`${file}\0`).update(readFileSync(path)).update('\0');
  }
  return `t${hash.digest('hex').slice(0, 16)}`;
}
