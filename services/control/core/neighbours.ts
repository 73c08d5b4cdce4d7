import { ageOf, FEW, type Known, NONE, PARTS, plus, spreadOf, USUAL_SPREAD } from './frame-times.ts';
import type { FrameTimes, PartTimes } from './run.ts';
import { beyond, LEAST_SPREAD, shareBeyond } from './spread.ts';
import type { EpochMs } from './time.ts';

/** A frame that is being rendered. */
export interface Running {
  readonly taskId: string;
  readonly part: number;
}

/** Seconds that a frame is taken to need in each part of a run. */
export interface ByPart {
  readonly seconds: readonly number[];
  /** One that has ended nearby says so; those that run say no more than that they are not quicker. */
  readonly isKnown: readonly boolean[];
}

/** So many neighbours are asked, at least, and this share of all frames that are known. */
const NEIGHBOURS = 4;
const NEIGHBOURS_SHARE = 0.1;
/** From farther than so many parts nothing is said: a twelfth of the run. */
const FAR_PARTS = 2;
/** That so many neighbours run for so long and none has ended is no chance. */
const NO_CHANCE = 0.05;
/** Of which only a least is known: any magnitude is equally likely, so the odds are even that it takes as long again. */
const EVEN_ODDS = 2;

/**
 * Neighbours are alike: a frame is taken to need what the nearest ones took that have ended, or that run for long (by what they will have
 * taken at least). What may be chance is left out (shrunk as James and Stein did). Where all near ones still run, longer than
 * others needed, nobody knows how long they will take. `usual`: seconds of a frame anywhere.
 */
export function timesByPart(run: Known, running: readonly Running[], usual: number, now: EpochMs): ByPart {
  const { frames, sumSeconds, parts } = run.times;
  // Records of before frames were counted by part have none.
  if (frames === 0 || sumSeconds <= 0 || parts === undefined) {
    return { seconds: Array<number>(PARTS).fill(usual), isKnown: Array<boolean>(PARTS).fill(false) };
  }
  const mean = sumSeconds / frames;
  const spread =
    frames < FEW ? USUAL_SPREAD : Math.max(LEAST_SPREAD, spreadAmongNeighbours(run.times, parts));
  const times = { mean, spread };
  const ages = Array.from({ length: PARTS }, (): number[] => []);
  for (const { taskId, part } of running) {
    const age = ageOf(run, taskId, now);
    // One that is younger than most says nothing yet.
    if (age !== null && age >= mean) ages[part]?.push(age);
  }
  const likely = (old: readonly number[]): PartTimes => ({
    frames: old.length,
    sumSeconds: old.reduce((sum, age) => sum + beyond(age, times).mean, 0),
  });
  const all = plus({ frames, sumSeconds }, likely(ages.flat()));
  const enough = Math.max(NEIGHBOURS, NEIGHBOURS_SHARE * frames);
  const told = Array.from({ length: PARTS }, (_, part) => {
    const near = neighboursOf(parts, ages, part, enough);
    const chance = near.ages.reduce((product, age) => product * shareBeyond(age, times), 1);
    if (near.ended.frames === 0 && chance < NO_CHANCE)
      return { seconds: EVEN_ODDS * meanOf(likely(near.ages)), isKnown: false };
    const here = plus(near.ended, likely(near.ages));
    const ratio = meanOf(here) / meanOf(all);
    const noise = (2 * spread ** 2) / here.frames;
    const sure = ratio === 1 ? 0 : Math.max(0, 1 - noise / (ratio - 1) ** 2);
    return { seconds: usual * (1 + sure * (ratio - 1)), isKnown: near.distance <= FAR_PARTS };
  });
  return { seconds: told.map(({ seconds }) => seconds), isKnown: told.map(({ isKnown }) => isKnown) };
}

function meanOf({ frames, sumSeconds }: PartTimes): number {
  return sumSeconds / frames;
}

/** What is known that is nearest to a part, and how far away the first one is that has ended; all of it if that is not `enough`. */
function neighboursOf(
  parts: readonly PartTimes[],
  ages: readonly (readonly number[])[],
  part: number,
  enough: number,
) {
  let ended = NONE;
  const old: number[] = [];
  let nearest = PARTS;
  for (let distance = 0; distance < PARTS && ended.frames + old.length < enough; distance += 1) {
    for (const at of new Set([part - distance, part + distance])) {
      const there = parts[at] ?? NONE;
      const olds = ages[at] ?? [];
      if (there.frames > 0) nearest = Math.min(nearest, distance);
      ended = plus(ended, there);
      old.push(...olds);
    }
  }
  return { ended, ages: old, distance: nearest };
}

/** Coefficient of variation among frames that stand close together, by how parts differ from the ones beside them (von Neumann 1941). */
function spreadAmongNeighbours(times: FrameTimes, parts: readonly PartTimes[]): number {
  const known = parts.filter(({ frames }) => frames > 0);
  const variances = known.slice(1).map((one, index) => {
    const before = known[index] ?? NONE;
    const difference = one.sumSeconds / one.frames - before.sumSeconds / before.frames;
    return difference ** 2 / (1 / one.frames + 1 / before.frames);
  });
  if (variances.length === 0) return spreadOf(times);
  const variance = variances.reduce((sum, one) => sum + one, 0) / variances.length;
  return Math.min(spreadOf(times), Math.sqrt(variance) / (times.sumSeconds / times.frames));
}
