/** Numbers in [0, 1), always the same ones for the same keys. */
export type Random = () => number;

/**
 * A stream of its own for each set of keys (`'boot', 'cpu-3'`), so that what one part of the world draws shifts nothing in
 * another: two policies meet the same frames, boots and preemptions. (mulberry32 over an FNV-1a hash of the keys.)
 */
export function randomOf(seed: number, ...keys: readonly (string | number)[]): Random {
  let state = hash(`${seed}/${keys.join('/')}`);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lognormal by its median and the standard deviation of its logarithm: how waits of clouds are spread. */
export function lognormal(random: Random, median: number, sigma: number): number {
  return median * Math.exp(sigma * normal(random));
}

/** Lognormal by its mean and coefficient of variation: how frame times are spread. */
export function lognormalOf(random: Random, mean: number, cv: number): number {
  const sigma = Math.sqrt(Math.log(1 + cv ** 2));
  return lognormal(random, mean / Math.sqrt(1 + cv ** 2), sigma);
}

/** Seconds until something that happens so often an hour; `Infinity` when it never does. */
export function secondsUntil(random: Random, perHour: number): number {
  return perHour <= 0 ? Number.POSITIVE_INFINITY : (-Math.log(1 - random()) * 3600) / perHour;
}

/** Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value;
}
