// The small part of Python that Blender evaluates by itself, so that a driver works with scripts off: numbers, names,
// arithmetic, comparisons, `and`/`or`/`not`, `a if b else c`, and some functions.

const CONSTANTS: readonly string[] = ['pi', 'True', 'False'];

/** Functions by the fewest and the most arguments that they take. */
const ARITIES: readonly (readonly [names: string, fewest: number, most: number])[] = [
  ['radians degrees abs fabs floor ceil trunc round int sin cos tan asin acos atan exp sqrt', 1, 1],
  ['atan2 pow fmod', 2, 2],
  ['log', 1, 2],
  ['lerp smoothstep', 3, 3],
  ['clamp', 1, 3],
  ['min max', 1, Number.POSITIVE_INFINITY],
];
const FUNCTIONS = new Map(
  ARITIES.flatMap(([names, fewest, most]) =>
    names.split(' ').map((name) => [name, { fewest, most }] as const),
  ),
);

/** `clamp` takes a value alone, or with both bounds. */
const CLAMP_NOT_WITH = 2;
const KEYWORDS: ReadonlySet<string> = new Set(['if', 'else', 'and', 'or', 'not']);
const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
const TOKEN =
  /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|([=!<>]=|[-+*/(),<>]))/y;
/** Deeper nesting than any person writes; Blender's own parser has a limit, too. */
const MAX_DEPTH = 100;

/** True if Blender needs no Python for this expression, given the names of the driver's variables. */
export function isSimpleExpression(expression: string, variables: ReadonlySet<string>): boolean {
  const tokens = tokensOf(expression);
  if (!tokens) return false;
  const parser = createParser(tokens, variables);
  return parser.choice(0) && parser.isAtEnd();
}

function tokensOf(expression: string): readonly string[] | null {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const end = expression.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const match = TOKEN.exec(expression);
    const token = match?.[1] ?? match?.[2] ?? match?.[3];
    if (token === undefined) return null;
    tokens.push(token);
  }
  return tokens;
}

function createParser(tokens: readonly string[], variables: ReadonlySet<string>) {
  let at = 0;
  const take = (...wanted: readonly string[]): boolean => {
    if (!wanted.includes(tokens[at] ?? '')) return false;
    at++;
    return true;
  };

  /** `a if b else c` */
  const choice = (depth: number): boolean => {
    if (depth > MAX_DEPTH || !either(depth)) return false;
    if (!take('if')) return true;
    return either(depth) && take('else') && choice(depth + 1);
  };
  const either = (depth: number): boolean => chain(both, depth, 'or');
  const both = (depth: number): boolean => chain(negation, depth, 'and');
  const negation = (depth: number): boolean => {
    if (depth > MAX_DEPTH) return false;
    return take('not') ? negation(depth + 1) : chain(sum, depth, ...COMPARISONS);
  };
  const sum = (depth: number): boolean => chain(product, depth, '+', '-');
  const product = (depth: number): boolean => chain(value, depth, '*', '/');
  const chain = (
    part: (depth: number) => boolean,
    depth: number,
    ...operators: readonly string[]
  ): boolean => {
    do if (!part(depth)) return false;
    while (take(...operators));
    return true;
  };

  const value = (depth: number): boolean => {
    if (depth > MAX_DEPTH) return false;
    if (take('+', '-')) return value(depth + 1);
    if (take('(')) return choice(depth + 1) && take(')');
    const token = tokens[at++];
    if (token === undefined || KEYWORDS.has(token)) return false;
    if (/^[\d.]/.test(token)) return true;
    if (token === 'frame' || variables.has(token) || CONSTANTS.includes(token)) return true;
    return call(token, depth);
  };
  const call = (name: string, depth: number): boolean => {
    const limits = FUNCTIONS.get(name);
    if (!limits || !take('(')) return false;
    let count = 0;
    do {
      if (!choice(depth + 1)) return false;
      count++;
    } while (take(','));
    if (name === 'clamp' && count === CLAMP_NOT_WITH) return false;
    return take(')') && count >= limits.fewest && count <= limits.most;
  };

  return { choice, isAtEnd: () => at === tokens.length };
}
