import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const README = join(import.meta.dirname, 'README.md');

/** A table of README.md, between two marks of its name. */
export interface Table {
  readonly name: 'disasters' | 'healthy';
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What of a row must be in README.md as it is; the rest is wording, and may have moved on. */
  readonly verdict: (cells: readonly string[]) => string;
}

/** Prints the table and compares it with the copy in README.md. With WRITE_TABLE=1 that is written anew. */
export function showTable(table: Table): void {
  const lines = [table.head, table.head.map(() => '---'), ...table.rows].map(lineOf);
  process.stdout.write(`\n${lines.join('\n')}\n\n`);
  const [begin, end] = [`<!-- ${table.name}: begin -->`, `<!-- ${table.name}: end -->`];
  const readme = readFileSync(README, 'utf8');
  const from = readme.indexOf(begin) + begin.length;
  const to = readme.indexOf(end);
  assert.ok(from >= begin.length && to >= from, `README.md has no place for the table ${table.name}`);
  if (process.env.WRITE_TABLE === '1') {
    writeFileSync(README, `${readme.slice(0, from)}\n\n${lines.join('\n')}\n\n${readme.slice(to)}`);
    return;
  }
  const copied = readme
    .slice(from, to)
    .split('\n')
    .filter((line) => line.startsWith('| '));
  assert.deepEqual(
    copied.slice(2).map((line) => table.verdict(cellsOf(line))),
    table.rows.map((cells) => table.verdict(cells.map(plain))),
    'README.md has another table: run this with WRITE_TABLE=1',
  );
}

function lineOf(cells: readonly string[]): string {
  return `| ${cells.map((cell) => plain(cell).replaceAll('|', '\\|')).join(' | ')} |`;
}

function cellsOf(line: string): readonly string[] {
  return line
    .slice(2, -2)
    .split(' | ')
    .map((cell) => cell.replaceAll('\\|', '|'));
}

function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
