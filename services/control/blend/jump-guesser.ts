const KIB = 1024;
/** Packed pictures of one size differ by a few bytes once they are compressed. */
const SLACK = 2 * KIB;
const GUESSED_BYTES = 10 * KIB;
const MAX_GUESSES = 12;
/** How many jumps are remembered, and how many of them in a row must have been the same to go by what came then. */
const MEMORY = 512;
const LONGEST_CONTEXT = 3;
/** The fewer there were, the fewer places are guessed. */
const GUESSES_BY_CONTEXT = [0, 1, 4, MAX_GUESSES];

interface Guess {
  /** Where a head is expected; around it a little more is asked for. */
  readonly target: number;
  readonly offset: number;
  readonly end: number;
}

/**
 * Where a walk that jumps over large bodies will land next. Heads can only be followed one after the other, and each
 * step costs a request's time; but pictures of one size, or the arrays of meshes that are copies, repeat. So what came
 * after the same jumps before is guessed to come again: few places first, more the more often that was right.
 */
export class JumpGuesser {
  #last: number | null = null;
  #jumps: number[] = [];
  #most = 2;

  /** The walk landed at `offset`, where it was expected or not: where it may land next, nearest first. */
  next(offset: number, wasGuessed: boolean): readonly Guess[] {
    this.#most = wasGuessed ? Math.min(this.#most * 2, MAX_GUESSES) : 2;
    if (this.#last !== null) this.#jumps.push(offset - this.#last);
    this.#last = offset;
    if (this.#jumps.length > MEMORY) this.#jumps = this.#jumps.slice(MEMORY / 2);
    return guessesFrom(offset, expected(this.#jumps, this.#most));
  }
}

function guessesFrom(offset: number, jumps: readonly number[]): readonly Guess[] {
  let target = offset;
  return jumps.map((jump) => {
    target += jump;
    return { target, offset: target - SLACK, end: target - SLACK + GUESSED_BYTES };
  });
}

/** What came after the longest run of jumps that ended like this one, as often as it is wanted. */
function expected(jumps: readonly number[], wanted: number): readonly number[] {
  for (let context = LONGEST_CONTEXT; context > 0; context--) {
    const start = lastLike(jumps, context);
    const known = start === null ? [] : jumps.slice(start);
    // What comes after a repetition that has just begun is its beginning again.
    const length = Math.min(wanted, GUESSES_BY_CONTEXT[context] ?? 0);
    if (known.length > 0) return Array.from({ length }, (_, index) => known[index % known.length] ?? 0);
  }
  return [];
}

/** Index after the last place before the end where the last `context` jumps were made already; null if none. */
function lastLike(jumps: readonly number[], context: number): number | null {
  for (let start = jumps.length - 1; start >= context; start--) {
    let alike = 0;
    while (alike < context && isAlike(jumps[start - 1 - alike], jumps[jumps.length - 1 - alike])) alike++;
    if (alike === context) return start;
  }
  return null;
}

function isAlike(one = 0, other = 0): boolean {
  return Math.abs(one - other) <= SLACK;
}
