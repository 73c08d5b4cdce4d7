import { basename } from 'node:path';
import { Misuse } from './arguments.mjs';

/**
 * What is chosen for a deployment and stays until something else is said, by the names of deploy's options; what is
 * missing is as usual.
 * @typedef {object} Choices
 * @property {string[]} [people] All who may use the page, whoever deployed included.
 * @property {string[]} [zone]
 * @property {string} [billing-account]
 * @property {string[]} [image]
 * @property {{name: string, text: string}} [vars] The file itself: whoever deploys next need not have it.
 *
 * @typedef {object} Kept
 * @property {Choices} choices
 * @property {boolean} isFinished Whether the deploy that chose so came to its end.
 */

/** The options that stay, and what is usual. */
const USUAL = {
  people: 'nobody but you',
  zone: 'wherever the region has the usual machines',
  'billing-account': "the project's own",
  image: 'built from this folder',
  vars: 'none',
};
const NAMES = Object.keys(USUAL);
const SCHEMA = 1;

/** Of deploy: what is not to be as last time. */
export const AFRESH = {
  value: 'WHAT',
  many: true,
  shape: new RegExp(`^(all|${NAMES.join('|')})$`),
  help: `as usual again, not as last time: ${NAMES.join(', ')} or all; repeat it`,
};

/** What was kept in the deployment's bucket, beside Terraform's memory: another machine's deploy finds it there, too. */
export function createKeeper(programs, bucket, options) {
  const url = `gs://${bucket}/deploy.json`;
  const versions = `Earlier versions of it: gcloud storage ls --all-versions ${url}`;
  const afresh = `Say what is to hold (${NAMES.map((name) => `--${name}`).join(', ')}) and --default all: what you do not say is as usual then. ${versions}`;

  /**
   * `null` = nothing was ever chosen here, or nothing of it is to count. Throws `Misuse` where something was chosen, and
   * nobody knows what: who is let in and what is paid for would be others without a word.
   * @returns {Kept | null}
   */
  function read({ default: defaults }) {
    const text = programs.find(null, 'gcloud', 'storage', 'cat', url);
    if (defaults.includes('all')) return null;
    if (text !== null) return parsed(text);
    if (programs.find(null, 'gcloud', 'storage', 'ls', `gs://${bucket}/tablao/default.tfstate`) === null)
      return null;
    throw new Misuse(
      `Something is deployed, but ${url} is not there, so what was chosen for it is not known (it was deleted, or deployed by a Tablao that did not keep it). ${afresh}`,
    );
  }

  function parsed(text) {
    try {
      const { schema, isFinished, choices } = JSON.parse(text);
      if (schema > SCHEMA) throw new Error('a newer Tablao wrote it: bring this folder up to date');
      if (schema !== SCHEMA || typeof isFinished !== 'boolean') throw new Error('it is not of our form');
      for (const [name, value] of Object.entries(choices)) check(name, value);
      return { isFinished, choices };
    } catch (error) {
      throw new Misuse(
        `${url} cannot be read (${error.message}), so what was chosen last time is not known. ${afresh}`,
      );
    }
  }

  function check(name, value) {
    if (!NAMES.includes(name)) throw new Error(`it has ${name}, which is not known here`);
    if (name === 'vars' ? isFile(value) : isOption(options[name], value)) return;
    throw new Error(`its ${name} is none`);
  }

  /** Before anything is changed, so that a deploy that breaks off is gone on with as it was meant, and at the end. */
  async function write(before, choices, isFinished, toFile) {
    const isSame = before?.isFinished === true && isEqual(before.choices, choices);
    if (isSame) return;
    const file = toFile(
      'deploy.json',
      `${JSON.stringify({ schema: SCHEMA, isFinished, choices }, null, 2)}\n`,
    );
    await programs.run('gcloud', 'storage', 'cp', file, url);
  }

  return { read, write };
}

function isFile(value) {
  return (
    typeof value?.name === 'string' && value.name === basename(value.name) && typeof value.text === 'string'
  );
}

function isOption({ many, shape }, value) {
  const isText = (each) => typeof each === 'string' && shape.test(each);
  return many ? Array.isArray(value) && value.length > 0 && value.every(isText) : isText(value);
}

function isEqual(some, others) {
  return NAMES.every((name) => JSON.stringify(some[name]) === JSON.stringify(others[name]));
}

/**
 * What holds now: what is given, else what was chosen last, unless it is to be as usual.
 * @param {Kept | null} last
 * @returns {Choices}
 */
export function choose(given, last) {
  const isGiven = (name) => given[name] !== null && given[name].length !== 0;
  const pick = (name) => {
    if (isGiven(name)) return given[name];
    return given.default.includes(name) ? undefined : last?.choices[name];
  };
  const all = NAMES.map((name) => [name, pick(name)]);
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

/** What a person reads of it before it goes on; `''` = there is no last time. */
export function choicesText(choices, last) {
  if (last === null) return '';
  const lines = NAMES.flatMap((name) => linesOf(name, choices, last.choices));
  const head = last.isFinished
    ? 'What you do not say is as last time:'
    : 'What you do not say is as in the last deploy, which did not come to its end:';
  const how = 'Give an option to change it; --default WHAT, and it is as usual again.';
  return ['', head, ...lines, how, '', ''].join('\n');
}

function linesOf(name, choices, last) {
  const isSame = JSON.stringify(choices[name]) === JSON.stringify(last[name]);
  const note = isSame ? '' : `   (last time: ${valueText(name, last)})`;
  // The one that counts, or the one that does no more: what it said may be missed.
  const text = name === 'vars' && last.vars !== undefined ? indented(last.vars.text) : [];
  return [`  ${name.padEnd(17)}${valueText(name, choices)}${note}`, ...text];
}

function valueText(name, choices) {
  const value = choices[name];
  if (value === undefined) return USUAL[name];
  return name === 'vars' ? value.name : [value].flat().join(', ');
}

function indented(text) {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `      ${line}`);
}
