import { parseArgs } from 'node:util';
import { closest } from 'fastest-levenshtein';

/** What the command line says, as text; `null` = not given. Meaning and ranges are config.ts's matter. */
export interface CommandLine {
  readonly scenes: readonly string[];
  readonly bucket: string | null;
  readonly port: string | null;
  readonly maxWorkers: string | null;
  readonly idleSeconds: string | null;
  readonly exitWhenIdle: boolean;
  readonly help: boolean;
  /** What could not be understood, each a sentence that says what to do. */
  readonly problems: readonly string[];
}

interface Option {
  readonly name: string;
  /** What stands for the value in the help; `null` = a switch. */
  readonly value: string | null;
  readonly help: string;
}

const OPTIONS: readonly Option[] = [
  { name: 'scene', value: 'FILE', help: 'render this .blend and what it refers to (may be repeated)' },
  {
    name: 'exit-when-idle',
    value: null,
    help: 'end when all is rendered and the farm is down: 0 = all completed',
  },
  { name: 'bucket', value: 'DIR', help: 'the folder that stands for the buckets (default ./bucket)' },
  { name: 'port', value: 'N', help: 'port of the page, 0 = any free one (default 8080, same as PORT)' },
  { name: 'max-workers', value: 'N', help: 'at most so many Blenders at a time (default 1)' },
  {
    name: 'idle-seconds',
    value: 'N',
    help: 'take the farm down after so long without work (default 600, with --exit-when-idle 10)',
  },
  { name: 'help', value: null, help: 'show this and end' },
];

export function parseCommandLine(argv: readonly string[]): CommandLine {
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(
      OPTIONS.map((option) => [
        option.name,
        { type: option.value === null ? 'boolean' : 'string', multiple: true },
      ]),
    ),
  });
  const problems: string[] = [];
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(strayWord(token.value));
    if (token.kind !== 'option') continue;
    const problem = optionProblem(token.name, token.rawName, token.value, token.inlineValue === true);
    if (problem !== null) problems.push(problem);
    else given.set(token.name, [...(given.get(token.name) ?? []), token.value ?? '']);
  }
  const last = (name: string): string | null => given.get(name)?.at(-1) ?? null;
  return {
    scenes: given.get('scene') ?? [],
    bucket: last('bucket'),
    port: last('port'),
    maxWorkers: last('max-workers'),
    idleSeconds: last('idle-seconds'),
    exitWhenIdle: given.has('exit-when-idle'),
    help: given.has('help'),
    problems,
  };
}

/** The text of `--help`. */
export function usage(): string {
  const left = OPTIONS.map((option) => `--${option.name}${option.value === null ? '' : ` ${option.value}`}`);
  const width = Math.max(...left.map((text) => text.length));
  const lines = OPTIONS.map((option, index) => `  ${(left[index] ?? '').padEnd(width)}  ${option.help}`);
  return [
    'Renders the .blend files of a folder with Flamenco on this machine.',
    '',
    'npm start -- [options]',
    ...lines,
    '',
    'The environment variables are listed in README.md.',
    '',
  ].join('\n');
}

function optionProblem(
  name: string,
  rawName: string,
  value: string | undefined,
  isInline: boolean,
): string | null {
  const option = OPTIONS.find((candidate) => candidate.name === name && rawName.startsWith('--'));
  if (option === undefined) {
    const names = OPTIONS.map((candidate) => candidate.name);
    return `${rawName} is no option, so it is not clear what to do. Did you mean --${closest(name, names)}? See --help.`;
  }
  if (option.value === null)
    return value === undefined ? null : `--${name} takes no value. Write --${name} alone.`;
  // `--scene --exit-when-idle` is a forgotten value, not a file of that name.
  if (value === undefined || value === '' || (value.startsWith('-') && !isInline))
    return `--${name} needs a value: --${name} ${option.value}.`;
  return null;
}

/** `npm start --scene x.blend` without the `--` in between arrives here as the lone word `x.blend`. */
function strayWord(word: string): string {
  const advice = word.endsWith('.blend') ? `npm start -- --scene ${word}` : 'npm start -- --help';
  return `"${word}" stands alone, so it is not clear what it is for. Try: ${advice} (mind the -- after start).`;
}
