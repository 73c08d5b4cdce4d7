// npm run inspect -- FILE… [--closure] [--json]: what Tablao reads from .blend files.
import { parseArgs } from 'node:util';
import { blendTools, fileSource } from '../control/adapters/local/blend-tools.ts';
import { BlendError, type BlendFacts } from '../control/blend/facts.ts';
import { readBlend } from '../control/blend/read.ts';
import { printClosures } from './inspect-closure.ts';
import { describeFile } from './inspect-text.ts';
import { optionMistake } from './option-mistake.ts';
import { outliveReader } from './outlive-reader.ts';

const USAGE = `Usage: npm run inspect -- FILE… [--closure] [--json]

Shows what Tablao reads from .blend files: their scenes, render settings and the files they need.

  --closure  list every file that each shot needs, found or not, those of its libraries included
  --json     print one JSON array with an object a file, for programs
  --help     print this

Exit code: 0 all files could be read (with --closure: nothing is missing), 1 some could not, 2 the command line is wrong.
`;

/** What is printed of one file with `--json`. */
export type Inspected =
  | ({ readonly file: string } & BlendFacts)
  | { readonly file: string; readonly error: { readonly code: string; readonly message: string } };

async function main(args: readonly string[]): Promise<number> {
  const options = parse(args);
  if (typeof options === 'string') {
    process.stderr.write(`inspect: ${options}\nSee npm run inspect -- --help\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (options.closure) return (await printClosures(options.files, options.json)) ? 0 : 1;
  const inspected: Inspected[] = [];
  for (const file of options.files) inspected.push(await inspect(file));
  process.stdout.write(
    options.json ? `${JSON.stringify(inspected, null, 2)}\n` : inspected.map(describeFile).join('\n'),
  );
  return inspected.some((one) => 'error' in one) ? 1 : 0;
}

interface Options {
  readonly files: readonly string[];
  readonly closure: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

/** The options, or what is wrong with them. */
function parse(args: readonly string[]): Options | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        closure: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (positionals.length === 0 && !values.help) return 'name at least one .blend file';
    return { files: positionals, ...values };
  } catch (cause) {
    return optionMistake(cause);
  }
}

async function inspect(file: string): Promise<Inspected> {
  try {
    const source = await fileSource(file);
    try {
      return { file, ...(await readBlend(source, blendTools)) };
    } finally {
      await source.close();
    }
  } catch (cause) {
    return { file, error: explain(cause) };
  }
}

const SYSTEM_ERRORS: ReadonlyMap<string, readonly [code: string, message: string]> = new Map([
  ['ENOENT', ['notFound', 'there is no such file']],
  ['ENOTDIR', ['notFound', 'there is no such file']],
  ['EACCES', ['denied', 'reading it is not permitted']],
  ['EPERM', ['denied', 'reading it is not permitted']],
]);

function explain(cause: unknown): { code: string; message: string } {
  if (cause instanceof BlendError) return { code: cause.code, message: cause.message };
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const known = SYSTEM_ERRORS.get(code);
  if (known) return { code: known[0], message: known[1] };
  // Anything else from the system has a code; what has none is a mistake of ours and must be seen as such.
  if (code === '') throw cause;
  return { code: 'unreadable', message: `it could not be read (${code})` };
}

outliveReader(process.stdout);
process.exitCode = await main(process.argv.slice(2));
