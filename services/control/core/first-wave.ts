import type { Demand } from './demand.ts';
import { secondsUntilDone, type WorkLeft } from './forecast.ts';
import { LEAST_SECONDS } from './frame-times.ts';
import { type Hurry, LAST_SHARE } from './hurry.ts';
import type { PoolPolicy } from './model.ts';
import { NEAR_DEADLINE_SECONDS } from './submission.ts';

/** What there is to do, and who is there for it. */
export type WorkAhead = WorkLeft &
  Pick<Demand, 'leastPerTask' | 'framesPerTask' | 'aroundPerTask' | 'isKnown' | 'isLike'> & {
    /** When those of them will ask that have no task, or boot. */
    readonly unoccupied: readonly number[];
    /** And those that have one of a run that goes after these. */
    readonly elsewhere: readonly number[];
  };

/** Whoever sets a deadline leaves some room: of the longest frame with which all workers would just keep it, this share is prepared for; */
const MEANT_SHARE = 0.75;
/** where all frames can begin at once, half, so that two or three in turn keep it: one worker for each would be twice as many. */
const MEANT_SHARE_AT_ONCE = 0.5;
/** Few frames take longer than this; */
const LONG_SECONDS = 180;
/** or than so many times what one has been running, of which nothing says that it is nearly done; */
const LONG_FACTOR = 2;
const LONGER_FACTOR = 3;
/** or, where an earlier run was like it, than so many times what its frames took; */
const LIKE_FACTOR = 1.3;
/** and hardly any longer than this. */
const LONGEST_SECONDS = 1500;
/** One that has run for so long may be one of the longest. */
const SHORT_SECONDS = 65;
/** From the end of the first frame until what it teaches is acted upon: its record is read, others end later, somebody looks. */
const LEARN_SECONDS = 45;
/** With a near deadline so many begin at least: frames that turn out to be slow have no time for a second wave. */
const FIRST_FOR_DEADLINE = 10;
/** Frame times are looked through in such steps, and these shares of the longest are tried. */
const FRAME_STEP = 1.1;
const TRIED = [1, 0.75, 0.5];

/**
 * How many more must begin while nobody knows how long a frame takes, if the others are to be ordered once the first one has ended: few
 * where there is time for that. All, once it is seen that frames are not short, if one that takes long and is lost with its machine would be late.
 */
export function firstWave(
  work: WorkAhead,
  { bootSeconds, max }: PoolPolicy,
  room: number,
  hurry: Hurry,
): number {
  const { queued, framesPerTask, aroundPerTask } = work;
  if (queued === 0 || framesPerTask === 0) return 0;
  const each = (perTask: number) => (perTask - aroundPerTask) / framesPerTask;
  const least = each(work.leastPerTask);
  const isKept = (seconds: number, first: number) =>
    isKeptWith(work, { each: seconds, first, room }, bootSeconds, hurry);
  if (!isKept(least, room)) return room;
  const longest = longestWhere((seconds) => isKept(seconds, room), least);
  const isLossLate = hurry.seconds < 2 * (bootSeconds + Math.min(LONGEST_SECONDS, longest));
  if (isLossLate && least >= SHORT_SECONDS) return room;
  const ran = ranFor(work);
  const factor = ran >= LONG_SECONDS ? LONGER_FACTOR : LONG_FACTOR;
  const likely = work.isLike
    ? LIKE_FACTOR * each(work.secondsPerTask)
    : Math.max(meantSeconds(work, max, bootSeconds, hurry), factor * ran);
  const cover = Math.min(longest, likely);
  const isReady = (first: number) => TRIED.every((part) => isKept(Math.max(least, part * cover), first));
  const some = hurry.seconds < NEAR_DEADLINE_SECONDS ? FIRST_FOR_DEADLINE - work.freeAt.length : 0;
  return Math.max(some, fewestOf(room, isReady));
}

/** The longest frame that is prepared for: whoever set the deadline meant it to be kept. */
function meantSeconds(
  { queued, framesPerTask, aroundPerTask }: WorkAhead,
  max: number,
  bootSeconds: number,
  { given }: Hurry,
): number {
  const all = Math.min(max, queued);
  const isKept = (each: number) => {
    const work = { queued, secondsPerTask: framesPerTask * each + aroundPerTask, freeAt: [] };
    return secondsUntilDone(work, all, bootSeconds) + LAST_SHARE * each <= given;
  };
  const share = queued <= max ? MEANT_SHARE_AT_ONCE : MEANT_SHARE;
  return Math.min(LONG_SECONDS, share * longestWhere(isKept, LEAST_SECONDS));
}

/** How long some frame has been running, where that is what is known; 0 = none has yet, or it is not. */
function ranFor({ isLike, leastPerTask, framesPerTask, aroundPerTask }: WorkAhead): number {
  const least = (leastPerTask - aroundPerTask) / framesPerTask;
  return isLike || least <= LEAST_SECONDS ? 0 : least;
}

/** Whether a deadline is kept if a frame takes `each`, `first` are ordered now and the rest of `room` once the first frame has ended. */
function isKeptWith(
  all: WorkAhead,
  { each, first, room }: { readonly each: number; readonly first: number; readonly room: number },
  bootSeconds: number,
  { seconds }: Hurry,
): boolean {
  const { queued, freeAt, unoccupied, elsewhere, framesPerTask, aroundPerTask } = all;
  const secondsPerTask = framesPerTask * each + aroundPerTask;
  const ran = ranFor(all);
  const coming = [...unoccupied, ...elsewhere, ...Array.from({ length: first }, () => bootSeconds)];
  // What they have in hand is as long as what waits; some began as early as the one that has run for longest.
  const left = secondsPerTask - Math.min(ran, each) / 2;
  const busy = Array.from({ length: freeAt.length - unoccupied.length - elsewhere.length }, () => left);
  const begunAt = ran > 0 ? -ran : Math.min(bootSeconds, ...coming) + aroundPerTask;
  const othersAt = begunAt + each + LEARN_SECONDS + bootSeconds;
  const work = { queued, secondsPerTask, freeAt: [...busy, ...coming] };
  // The longer one runs the likelier it is lost with its machine: then nothing is put off.
  const others = ran >= LONG_SECONDS ? 0 : room - first;
  return secondsUntilDone(work, others, othersAt) + LAST_SHARE * each <= seconds;
}

function longestWhere(isKept: (each: number) => boolean, from: number): number {
  let each = Math.max(1, from);
  while (each < LONGEST_SECONDS * FRAME_STEP && isKept(each * FRAME_STEP)) each *= FRAME_STEP;
  return each;
}

/** The fewest of up to `most` that are enough, where more never are worse; `most` where none are. */
function fewestOf(most: number, isEnough: (count: number) => boolean): number {
  let [few, enough] = [0, most];
  while (few < enough) {
    const middle = Math.floor((few + enough) / 2);
    if (isEnough(middle)) enough = middle;
    else few = middle + 1;
  }
  return enough;
}
