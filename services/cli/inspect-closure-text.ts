import { relative } from 'node:path';
import { askWhetherMeant } from '../control/core/missing-text.ts';
import { plainText } from '../control/core/plain-text.ts';
import { sequenceName } from '../control/core/sequence.ts';
import type { ClosureInput, InspectedClosure } from './inspect-closure.ts';
import { fitTo, sizeText, widthOf } from './terminal-text.ts';

/** Files of one sequence that stand in the same row. */
interface Row {
  readonly first: ClosureInput;
  readonly last: ClosureInput;
  readonly count: number;
  readonly size: number;
}

const MOST_COLUMNS = 60;

/** The table for people: what is missing first, a sequence in one row. */
export function describeClosure({ file, root, inputs, missing, warnings }: InspectedClosure): string {
  const rows = groupRows(inputs);
  const size = sizeText(inputs.reduce((sum, input) => sum + (input.size ?? 0), 0));
  const files = `${inputs.length} ${inputs.length === 1 ? 'file' : 'files'}`;
  const verdict = missing === 0 ? 'all there' : `${missing} missing`;
  const names = rows.map((row) => nameOf(root, row));
  const width = Math.min(MOST_COLUMNS, Math.max(0, ...names.map(widthOf)));
  return [
    plainText(file),
    `  ${files}, ${size}, ${verdict}  (in ${plainText(root)})`,
    ...rows.map((row, index) => `  ${describeRow(root, row, names[index] ?? '', width)}`),
    ...warnings.map((warning) => `  ! ${plainText(warning)}`),
    '',
  ].join('\n');
}

function describeRow(root: string, { first, size }: Row, name: string, width: number): string {
  const { state, kind, owner, referredBy, suggestion } = first;
  const word = state === 'present' ? 'ok' : state.toUpperCase();
  const length = first.size === null ? '' : sizeText(size);
  const whose = owner === null ? '' : `  ← ${plainText(owner)} in ${shortPath(root, referredBy)}`;
  const meant = suggestion === null ? '' : `  ${askWhetherMeant(first.path, shortPath(root, suggestion))}`;
  // A name that is longer than the column is shown whole: it is what one looks for.
  const column = widthOf(name) > width ? name : fitTo(name, width);
  return `${fitTo(word, 10)} ${fitTo(kind ?? '', 9)} ${length.padStart(9)}  ${column}${whose}${meant}`.trimEnd();
}

function groupRows(inputs: readonly ClosureInput[]): readonly Row[] {
  const rows: Row[] = [];
  for (const input of inputs) {
    const row = rows.at(-1);
    const size = input.size ?? 0;
    if (row !== undefined && isSameSequence(row.last, input))
      rows[rows.length - 1] = { ...row, last: input, count: row.count + 1, size: row.size + size };
    else rows.push({ first: input, last: input, count: 1, size });
  }
  return rows;
}

function isSameSequence(a: ClosureInput, b: ClosureInput): boolean {
  const [left, right] = [sequenceName(a.path), sequenceName(b.path)];
  if (left === null || right === null) return false;
  const isAlike = a.state === b.state && a.owner === b.owner && a.referredBy === b.referredBy;
  return isAlike && left.before === right.before && left.after === right.after;
}

function nameOf(root: string, { first, last, count }: Row): string {
  const name = shortPath(root, first.path);
  if (count === 1) return name;
  return `${name} … ${shortPath(root, last.path).split('/').at(-1)} (${count} files)`;
}

/** Below the folder of all; what an absolute path of another machine says stays as it is. */
function shortPath(root: string, path: string): string {
  const below = relative(root, path).replaceAll('\\', '/');
  return plainText(below.startsWith('..') || below === '' ? path : below);
}
