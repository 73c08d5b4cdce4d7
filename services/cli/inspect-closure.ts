import { dirname, resolve } from 'node:path';
import type { MissingInput } from '../control/core/run.ts';
import { commonFolder, diskClosure, type FileThere, type ReadFacts } from './disk-closure.ts';
import { describeClosure } from './inspect-closure-text.ts';
import { readFacts } from './read-facts.ts';

/** One input of a shot on this machine, as `--json` prints it. */
export interface ClosureInput {
  /** Absolute; of `absolute` and `outside` ones as the .blend has it. */
  readonly path: string;
  readonly kind: string | null;
  /** The data-block that refers to it; `null` = the shot itself. */
  readonly owner: string | null;
  /** The .blend that refers to it. */
  readonly referredBy: string;
  readonly state: 'present' | MissingInput['problem'];
  /** Bytes; `null` = it is not there. */
  readonly size: number | null;
  /** The file that was probably meant. */
  readonly suggestion: string | null;
}

export interface InspectedClosure {
  readonly file: string;
  /** The folder that holds all of it that is there. */
  readonly root: string;
  readonly inputs: readonly ClosureInput[];
  readonly missing: number;
  readonly warnings: readonly string[];
}

/** `inspect --closure`: prints it, and says whether nothing is missing. */
export async function printClosures(files: readonly string[], isJson: boolean): Promise<boolean> {
  const inspected: InspectedClosure[] = [];
  for (const file of files) inspected.push(await inspectClosure(file, readFacts));
  const json = () => `${JSON.stringify(inspected, null, 2)}\n`;
  process.stdout.write(isJson ? json() : inspected.map(describeClosure).join('\n'));
  return inspected.every(({ missing }) => missing === 0);
}

/** All that a shot needs on this machine, what is missing first. */
async function inspectClosure(file: string, readFacts: ReadFacts): Promise<InspectedClosure> {
  const { there, missing, warnings } = await diskClosure(resolve(file), readFacts);
  const sizes = new Map(there.map(({ path, size }) => [path, size]));
  const isMissing = new Set(missing.map(({ path }) => path));
  const inputs = [
    ...missing.map((one) => missingInput(one, sizes.get(one.path))),
    ...there.filter(({ path }) => !isMissing.has(path)).map(presentInput),
  ];
  const root = there.map(({ path }) => dirname(path)).reduce(commonFolder, dirname(resolve(file)));
  return { file, root, inputs, missing: missing.length, warnings };
}

function presentInput({ path, kind, owner, referredBy, size }: FileThere): ClosureInput {
  return { path, kind, owner, referredBy, state: 'present', size, suggestion: null };
}

function missingInput(missing: MissingInput, size: number | undefined): ClosureInput {
  const { path, kind, owner, referredBy, problem, suggestion } = missing;
  return { path, kind, owner, referredBy, state: problem, size: size ?? null, suggestion };
}
