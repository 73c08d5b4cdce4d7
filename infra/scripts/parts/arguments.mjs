/** What was typed is wrong; the message says what to type. */
export class Misuse extends Error {}

/** What an option does was asked; the message says it. */
export class Help extends Error {}

/**
 * @typedef {object} Option
 * @property {string} [value] What stands for the value in the usage: "ID". Without it the option is a switch.
 * @property {boolean} [required]
 * @property {boolean} [many] May be repeated.
 * @property {RegExp} [shape] What the value must look like.
 * @property {string} help What it decides; with what is allowed, where that is not plain.
 */

/**
 * `--name VALUE` and `--name=VALUE` by the options that are given. Throws `Help` at `--help`, and `Misuse` with all that is
 * wrong at once.
 * @param {readonly string[]} argv
 * @param {{command: string, does: string, options: Record<string, Option>}} known
 * @returns {Record<string, any>} Values by name: a string, an array for `many`, a boolean for a switch.
 */
export function parseArguments(argv, known) {
  const found = {};
  const problems = [];
  for (const [name, { value, many }] of Object.entries(known.options))
    found[name] = many ? [] : value === undefined ? false : null;
  for (let index = 0; index < argv.length; index += 1) {
    const [name, ...rest] = argv[index].replace(/^--/, '').split('=');
    const option = argv[index].startsWith('--') ? known.options[name] : undefined;
    if (argv[index] === '--help' || argv[index] === '-h') throw new Help(usage(known));
    if (option === undefined) {
      problems.push(`${argv[index]} is not known here.`);
      continue;
    }
    if (option.value === undefined) {
      found[name] = true;
      continue;
    }
    if (rest.length === 0) index += 1;
    const text = rest.length === 0 ? argv[index] : rest.join('=');
    if (text === undefined || text.startsWith('--') || text === '') {
      problems.push(`--${name} wants ${option.value}: ${option.help}.`);
      if (rest.length === 0) index -= 1;
      continue;
    }
    if (option.shape !== undefined && !option.shape.test(text))
      problems.push(`--${name} ${text} cannot be used: ${option.help}.`);
    if (option.many) found[name].push(text);
    else found[name] = text;
  }
  for (const [name, { required, value, help }] of Object.entries(known.options))
    if (required && found[name] === null && !problems.some((each) => each.startsWith(`--${name} `)))
      problems.push(`--${name} ${value} is missing: ${help}.`);
  if (problems.length > 0) throw new Misuse(`${problems.join('\n')}\n\n${usage(known)}`);
  return found;
}

function usage({ command, does, options }) {
  const lines = Object.entries(options).map(([name, { value, required, help }]) => {
    const left = value === undefined ? `--${name}` : `--${name} ${value}`;
    return `  ${left.padEnd(28)}${help}${required ? ' (needed)' : ''}`;
  });
  return [`npm run ${command} -- ${does}`, '', ...lines].join('\n');
}

/** Options that several programs share. */
export const PROJECT = {
  value: 'ID',
  required: true,
  shape: /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
  help: "the project's id, such as film-farm (not its name or number)",
};
export const REGION = {
  value: 'REGION',
  required: true,
  shape: /^[a-z]+-[a-z]+[0-9]+$/,
  help: 'where everything is, such as europe-west1 (no letter at the end: that would be a zone)',
};
export const DRY_RUN = { help: 'print every command instead of running it' };
