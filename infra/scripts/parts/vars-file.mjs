import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Misuse } from './arguments.mjs';

/** What options say. They come after the file, so what it says of these would count for nothing. */
const OPTION_OF = {
  project: 'project',
  region: 'region',
  monthly_dollars: 'monthly-dollars',
  people: 'people',
  billing_account: 'billing-account',
  zones: 'zone',
  images: 'image',
};

/**
 * A .tfvars file, in Terraform's own writing or as JSON. Throws `Misuse` where there is none, or where it says what an
 * option says.
 * @returns {{name: string, text: string}}
 */
export function readVarsFile(file) {
  if (!existsSync(file)) throw new Misuse(`--vars ${file}: there is no such file.`);
  const vars = { name: basename(file), text: readFileSync(file, 'utf8') };
  const taken = namesIn(vars).filter((name) => name in OPTION_OF);
  if (taken.length === 0) return vars;
  const options = taken.map((name) => `${name} (--${OPTION_OF[name]})`).join(' and ');
  throw new Misuse(`--vars ${file}: say ${options} as an option, not in the file.`);
}

/** What a file gives values to. */
function namesIn({ name, text }) {
  if (!name.endsWith('.json'))
    return [...saidIn({ text }).matchAll(/^\s*(\w+)\s*=/gm)].map(([, found]) => found);
  try {
    return Object.keys(JSON.parse(text));
  } catch (error) {
    throw new Misuse(`--vars ${name} is no JSON: ${error.message}`);
  }
}

/** Plain values only, without what is a comment to the end of its line. */
export function saidIn({ text }) {
  return text.replace(/^\s*(?:#|\/\/).*$/gm, '');
}
