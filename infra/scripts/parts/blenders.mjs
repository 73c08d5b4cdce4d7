import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Misuse } from './arguments.mjs';
import { ROOT } from './names.mjs';
import { saidIn } from './vars-file.mjs';

/**
 * The Blenders that the workers' image gets: those that Terraform tells the service of. `vars` is the file of `--vars`;
 * `undefined` = none.
 * @returns {readonly string[]} Exact versions, newest first.
 */
export function blendersToBake(vars) {
  const given = vars === undefined ? null : listIn(saidIn(vars));
  if (given === null) return byDefault();
  const versions = readFileSync(join(ROOT, 'docker/versions'), 'utf8');
  const listed = new Set([...versions.matchAll(/^blender +(\S+)/gm)].map(([, version]) => version));
  const unknown = given.filter((version) => !listed.has(version));
  if (unknown.length > 0)
    throw new Misuse(
      `blenders in ${vars.name} has ${unknown.join(' and ')}, which docker/versions does not list: add it there with the checksum that blender.org gives (docker/README.md), or take one that is listed.`,
    );
  return given;
}

function listIn(said) {
  const list = /(?:^|[\s{,])"?blenders"?\s*[=:]\s*\[([^\]]*)\]/.exec(said)?.[1];
  return list === undefined ? null : [...list.matchAll(/"([^"]+)"/g)].map(([, version]) => version);
}

function byDefault() {
  const text = readFileSync(join(ROOT, 'infra/terraform/variables.tf'), 'utf8');
  const [, list] = /variable "blenders" \{[\s\S]*?default\s*=\s*(\[.*\])/.exec(text);
  return JSON.parse(list);
}
