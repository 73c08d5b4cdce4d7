import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Misuse } from './arguments.mjs';
import { ROOT } from './names.mjs';

/**
 * The Blenders that the workers' image gets: those that Terraform tells the service of. `varsFile` is what `--vars` names;
 * `null` = nothing.
 * @returns {readonly string[]} Exact versions, newest first.
 */
export function blendersToBake(varsFile) {
  const given = varsFile === null ? null : listIn(readFileSync(varsFile, 'utf8'));
  if (given === null) return byDefault();
  const versions = readFileSync(join(ROOT, 'docker/versions'), 'utf8');
  const listed = new Set([...versions.matchAll(/^blender +(\S+)/gm)].map(([, version]) => version));
  const unknown = given.filter((version) => !listed.has(version));
  if (unknown.length > 0)
    throw new Misuse(
      `blenders in ${varsFile} has ${unknown.join(' and ')}, which docker/versions does not list: add it there with the checksum that blender.org gives (docker/README.md), or take one that is listed.`,
    );
  return given;
}

/** Throws `Misuse` where there is no such file. */
export function checkVarsFile(file) {
  if (file !== null && !existsSync(file)) throw new Misuse(`--vars ${file}: there is no such file.`);
}

/** A .tfvars file holds plain values only, in Terraform's own writing or as JSON. */
function listIn(text) {
  const said = text.replace(/^\s*(?:#|\/\/).*$/gm, '');
  const list = /(?:^|[\s{,])"?blenders"?\s*[=:]\s*\[([^\]]*)\]/.exec(said)?.[1];
  return list === undefined ? null : [...list.matchAll(/"([^"]+)"/g)].map(([, version]) => version);
}

function byDefault() {
  const text = readFileSync(join(ROOT, 'infra/terraform/variables.tf'), 'utf8');
  const [, list] = /variable "blenders" \{[\s\S]*?default\s*=\s*(\[.*\])/.exec(text);
  return JSON.parse(list);
}
