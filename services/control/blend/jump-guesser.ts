const KIB = 1024;
/** Packed pictures of one size differ by a few bytes once they are compressed. */
const SLACK = 2 * KIB;
const GUESSED_BYTES = 10 * KIB;
/** The arrays of a mesh repeat with its copies; longer patterns are chance. */
const LONGEST_PERIOD = 16;
const MAX_GUESSES = 12;

interface Guess {
  /** Where a head is expected; around it a little more is asked for. */
  readonly target: number;
  readonly offset: number;
  readonly end: number;
}

/**
 * Where a walk that jumps over large bodies will land next, as far as its jumps so far repeat themselves: heads can
 * only be followed one after the other, and each step costs a request's time. Guesses few places first, and more the
 * more often it was right.
 */
export class JumpGuesser {
  #landings: readonly number[] = [];
  #most = 1;

  /** The walk landed at `offset`, where it was expected or not: where it may land next, nearest first. */
  next(offset: number, wasGuessed: boolean): readonly Guess[] {
    this.#most = wasGuessed ? Math.min(this.#most * 2, MAX_GUESSES) : 2;
    this.#landings = [...this.#landings, offset].slice(-2 * LONGEST_PERIOD - 1);
    const jumps = this.#landings.slice(1).map((landing, index) => landing - (this.#landings[index] ?? 0));
    const period = periodOf(jumps);
    if (period === null) return [];
    const cycle = jumps.slice(-period);
    const guesses: Guess[] = [];
    for (let at = offset, index = 0; index < this.#most; index++) {
      at += cycle[index % period] ?? 0;
      guesses.push({ target: at, offset: at - SLACK, end: at - SLACK + GUESSED_BYTES });
    }
    return guesses;
  }
}

/** The shortest pattern that the last jumps repeat, in jumps; null if there is none. */
function periodOf(jumps: readonly number[]): number | null {
  for (let period = 1; period <= LONGEST_PERIOD && period * 2 <= jumps.length; period++) {
    const last = jumps.slice(-period);
    const before = jumps.slice(-2 * period, -period);
    if (last.every((jump, index) => Math.abs(jump - (before[index] ?? 0)) <= SLACK)) return period;
  }
  return null;
}
