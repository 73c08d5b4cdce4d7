import type { MissingInput, Reason } from './run.ts';
import { sequenceName } from './sequence.ts';

/** More than these help nobody in one sentence. */
const SHOWN = 5;
const LONGEST_PATH = 160;

/** Files of one sequence that are missing together; `count` = 1 for a file of its own. */
interface MissingGroup {
  readonly first: MissingInput;
  readonly last: MissingInput;
  readonly count: number;
}

/** What is missing, who refers to it, what was probably meant, and what to do. */
export function missingFiles(missing: readonly MissingInput[]): Reason {
  return { code: 'missingFiles', message: describeAll(missing), action: whatToDo(missing) };
}

/** `film/tex/wood.png (needed by film/sh010.blend; did you mean film/Tex/wood.png?)` */
export function describeMissing(missing: MissingInput): string {
  return describeGroup({ first: missing, last: missing, count: 1 });
}

function describeAll(missing: readonly MissingInput[]): string {
  const groups = groupSequences(missing);
  const shown = groups.slice(0, SHOWN);
  const rest = missing.length - shown.reduce((sum, { count }) => sum + count, 0);
  const title = missing.length === 1 ? 'A file is missing' : `${missing.length} files are missing`;
  return `${title}: ${shown.map(describeGroup).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}.`;
}

/** Frames of one sequence that follow one another in the list are told as a range. */
export function groupSequences(missing: readonly MissingInput[]): readonly MissingGroup[] {
  const groups: MissingGroup[] = [];
  for (const one of missing) {
    const group = groups.at(-1);
    if (group !== undefined && isSameSequence(group.last, one))
      groups[groups.length - 1] = { ...group, last: one, count: group.count + 1 };
    else groups.push({ first: one, last: one, count: 1 });
  }
  return groups;
}

function isSameSequence(a: MissingInput, b: MissingInput): boolean {
  const [left, right] = [sequenceName(a.path), sequenceName(b.path)];
  if (left === null || right === null || a.problem !== b.problem || a.owner !== b.owner) return false;
  return left.before === right.before && left.after === right.after && a.referredBy === b.referredBy;
}

function describeGroup({ first, last, count }: MissingGroup): string {
  const path = count === 1 ? short(first.path) : `${short(first.path)} to ${short(nameOf(last.path))}`;
  const size = count === 1 ? '' : `${count} files, `;
  const meant = first.suggestion === null ? '' : `; ${askWhetherMeant(first.path, short(first.suggestion))}`;
  return `${path} (${size}${PROBLEMS[first.problem](short(first.referredBy))}${meant})`;
}

/** Letters with accents may be written in two ways that no one can tell apart by looking. */
export function askWhetherMeant(path: string, suggestion: string): string {
  const isLookalike = nameOf(path) !== nameOf(suggestion) && composed(path) === composed(suggestion);
  return `did you mean ${suggestion}${isLookalike ? ' (the same letters in another Unicode form)' : ''}?`;
}

function composed(path: string): string {
  return nameOf(path).normalize('NFC');
}

const PROBLEMS: Readonly<Record<MissingInput['problem'], (referredBy: string) => string>> = {
  missing: (referredBy) => `needed by ${referredBy}`,
  absolute: (referredBy) => `an absolute path in ${referredBy}`,
  outside: (referredBy) => `leads out of the bucket, in ${referredBy}`,
  different: () => 'other bytes than the manifest says',
  unreadable: (referredBy) => `cannot be read as a .blend; needed by ${referredBy}`,
};

function whatToDo(missing: readonly MissingInput[]): string {
  const advice: string[] = [];
  const has = (...problems: MissingInput['problem'][]) =>
    missing.some(({ problem }) => problems.includes(problem));
  if (has('missing', 'different', 'unreadable'))
    advice.push(`Upload ${missing.length === 1 ? 'it' : 'them'}; the render starts by itself.`);
  if (has('absolute', 'outside'))
    advice.push(
      'Put the files inside the project, make their paths relative (File > External Data > Make All Paths Relative) and upload the .blend again.',
    );
  if (missing.some(({ suggestion }) => suggestion !== null))
    advice.push('Where a file is there under another name, correct the path in Blender or rename the file.');
  if (has('missing', 'absolute', 'outside'))
    advice.push(
      `Or pack ${missing.length === 1 ? 'it' : 'them'} into the .blend (File > External Data > Pack Resources).`,
    );
  return advice.join(' ');
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The end of a path says most. */
function short(path: string): string {
  return path.length <= LONGEST_PATH ? path : `…${path.slice(1 - LONGEST_PATH)}`;
}
