import { resourceOf, type StoredObject } from './objects.ts';

/** Google's own limit for one page. */
const MAX_PAGE = 1000;

/** The answer to a listing of `objects`, which are all of the bucket's, sorted. */
export function listObjects(objects: readonly StoredObject[], query: URLSearchParams, host: string): unknown {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter');
  const isMatch = globOf(query.get('matchGlob'));
  const after = tokenName(query.get('pageToken'));
  const maxResults = Math.min(Number(query.get('maxResults') ?? MAX_PAGE) || MAX_PAGE, MAX_PAGE);

  const items: StoredObject[] = [];
  const prefixes = new Set<string>();
  let nextPageToken: string | undefined;
  for (const object of objects) {
    const { name } = object;
    if (!name.startsWith(prefix) || !isMatch(name) || !isInRange(name, query)) continue;
    if (after !== null && Buffer.compare(Buffer.from(name), Buffer.from(after)) <= 0) continue;
    const folder = folderOf(name, prefix, delimiter);
    if (folder !== null && prefixes.has(folder)) continue;
    if (items.length + prefixes.size === maxResults) {
      const last = items.at(-1)?.name ?? [...prefixes].at(-1) ?? '';
      nextPageToken = Buffer.from(last).toString('base64');
      break;
    }
    if (folder === null) items.push(object);
    else prefixes.add(folder);
  }
  return {
    kind: 'storage#objects',
    ...(items.length > 0 && { items: items.map((object) => resourceOf(object, host)) }),
    ...(prefixes.size > 0 && { prefixes: [...prefixes] }),
    ...(nextPageToken !== undefined && { nextPageToken }),
  };
}

/** `fields=items(name,size),nextPageToken`: what else there is in the answer is left out. */
export function selectFields(answer: unknown, fields: string | null): unknown {
  if (fields === null || typeof answer !== 'object' || answer === null) return answer;
  if (Array.isArray(answer)) return answer.map((each) => selectFields(each, fields));
  const selected: Record<string, unknown> = {};
  for (const [name, below] of parseFields(fields)) {
    if (name === '*') return answer;
    const value = (answer as Record<string, unknown>)[name];
    if (value !== undefined) selected[name] = selectFields(value, below);
  }
  return selected;
}

/** Splits at the commas that stand in no parentheses; `a/b,a/c` is the same as `a(b,c)`. */
function parseFields(fields: string): ReadonlyMap<string, string | null> {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const letter of fields) {
    if (letter === '(') depth += 1;
    if (letter === ')') depth -= 1;
    if (letter === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += letter;
  }
  parts.push(part);
  const wanted = new Map<string, string | null>();
  for (const each of parts) {
    const [, name = each, list, path] = /^([^(/]+)(?:\((.*)\)|\/(.*))?$/s.exec(each.trim()) ?? [];
    const below = list ?? path ?? null;
    const before = wanted.get(name);
    wanted.set(
      name,
      before === undefined || before === null || below === null ? below : `${before},${below}`,
    );
  }
  return wanted;
}

function globOf(glob: string | null): (name: string) => boolean {
  if (glob === null) return () => true;
  const pattern = new RegExp(
    `^${[...glob.matchAll(GLOB_PART)].map(([part]) => regexOf(part)).join('')}$`,
    's',
  );
  return (name) => pattern.test(name);
}

const GLOB_PART = /\*\*|\*|\?|\[[^\]]*\]|\{[^}]*\}|[^*?[{]+/g;

/** In Google's globs `**` goes over slashes wherever it stands. */
function regexOf(part: string): string {
  if (part === '**') return '.*';
  if (part === '*') return '[^/]*';
  if (part === '?') return '[^/]';
  if (part.startsWith('[')) return part.replace('[!', '[^');
  if (!part.startsWith('{')) return part.replaceAll(/[.+^$()|\\/]/g, '\\$&');
  const choices = part.slice(1, -1).split(',');
  return `(?:${choices.map((each) => regexOf(each)).join('|')})`;
}

function isInRange(name: string, query: URLSearchParams): boolean {
  const [start, end] = [query.get('startOffset'), query.get('endOffset')];
  return (start === null || name >= start) && (end === null || name < end);
}

function folderOf(name: string, prefix: string, delimiter: string | null): string | null {
  if (delimiter === null || delimiter === '') return null;
  const at = name.indexOf(delimiter, prefix.length);
  return at === -1 ? null : name.slice(0, at + delimiter.length);
}

function tokenName(token: string | null): string | null {
  return token === null || token === '' ? null : Buffer.from(token, 'base64').toString();
}
