/** Times that are spread log-normally: their mean, and their coefficient of variation. */
export interface Spread {
  readonly mean: number;
  readonly spread: number;
}

/** Nothing is as even as a few samples look. */
export const LEAST_SPREAD = 0.05;

/** Variance and deviation of the logarithm. */
function ofLogarithm({ spread }: Pick<Spread, 'spread'>) {
  const variance = Math.log(1 + Math.max(LEAST_SPREAD, spread) ** 2);
  return { variance, deviation: Math.sqrt(variance) };
}

/** The time that stands so many deviations of the logarithm above the middle. */
export function atDeviations(z: number, times: Spread): number {
  const { variance, deviation } = ofLogarithm(times);
  return times.mean * Math.exp(deviation * z - variance / 2);
}

/** So many deviations of the logarithm a time stands above the middle. */
function deviationsOf(seconds: number, times: Spread): number {
  const { variance, deviation } = ofLogarithm(times);
  return (Math.log(Math.max(1e-3, seconds) / times.mean) + variance / 2) / deviation;
}

/** The share of times that are longer than an age. */
export function shareBeyond(age: number, times: Spread): number {
  return tail(deviationsOf(age, times));
}

/** Mean and mean square of times that are longer than an age. */
export function beyond(
  age: number,
  { mean, spread }: Spread,
): { readonly mean: number; readonly square: number } {
  const { variance, deviation } = ofLogarithm({ spread });
  const z = deviationsOf(age, { mean, spread });
  // Far out the quotient of two tails is lost in rounding: there it is nearly the age and a little, by the tail's slope.
  if (z > 4) {
    const far = age + (age * deviation) / (z - deviation);
    return { mean: far, square: far ** 2 };
  }
  const all = tail(z);
  return {
    mean: (mean * tail(z - deviation)) / all,
    square: (mean ** 2 * Math.exp(variance) * tail(z - 2 * deviation)) / all,
  };
}

/**
 * What is left of one that has taken so long: its mean beyond that age less the age. Where times differ much one that is old
 * already is likely one of the slowest, and half done.
 */
export function secondsLeft(age: number, times: Spread): number {
  return beyond(age, times).mean - age;
}

/** Of so many the longest is shorter than this with such a probability. */
export function longestOf(count: number, probability: number, times: Spread): number {
  return atDeviations(deviationsAbove(-Math.expm1(Math.log(probability) / count)), times);
}

/** So many deviations above the middle of a normal spread a share is left (Abramowitz and Stegun 26.2.23). */
function deviationsAbove(share: number): number {
  if (share > 0.5) return -deviationsAbove(1 - share);
  const t = Math.sqrt(-2 * Math.log(share));
  const above = 2.515517 + 0.802853 * t + 0.010328 * t ** 2;
  const below = 1 + 1.432788 * t + 0.189269 * t ** 2 + 0.001308 * t ** 3;
  return t - above / below;
}

/** The share of a normal spread beyond so many deviations, by a logistic curve (Page 1977): 0.1 % is near enough. */
function tail(z: number): number {
  return 1 / (1 + Math.exp(1.5976 * z + 0.07056 * z ** 3));
}
