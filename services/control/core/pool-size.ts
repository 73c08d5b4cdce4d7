import { capOf, withinCap } from './cap.ts';
import type { Draft, Sight } from './draft.ts';
import { openRuns } from './draft.ts';
import { bestMore, type Prices, secondsUntilDone, type WorkLeft } from './forecast.ts';
import {
  ageOf,
  expectedSeconds,
  LEAST_SECONDS,
  leastLikely,
  loadingLeft,
  secondsAroundTask,
  secondsPerFrame,
  spreadOf,
} from './frame-times.ts';
import type { JobObserved, PoolPolicy, TaskObserved } from './model.ts';
import { outlookOf } from './outlook.ts';
import { poolOf, waitsForGonePool } from './pools.ts';
import { type RunRecord, wantsFarm } from './run.ts';
import { chunkSizesOf, NEAR_DEADLINE_SECONDS, openFrames, wantsCheck } from './submission.ts';
import { activeTasks, framesTasks, runnableTasks } from './tasks.ts';
import { framesOfTask } from './troubles.ts';

/** What is left to do for a pool, as far as it can run now. */
export interface Demand {
  /** Tasks that nobody has and that could be handed out now. */
  readonly queued: number;
  /** What each of them needs, the loading of the shot included. */
  readonly secondsPerTask: number;
  /** What each of them surely needs: the same, once a frame has taught it. */
  readonly leastPerTask: number;
  /** How many frames each has, and the seconds that it needs beside them, on average. */
  readonly framesPerTask: number;
  readonly aroundPerTask: number;
  /** Tasks that are running: by worker, the seconds that they still need. */
  readonly busy: ReadonlyMap<string, number>;
  /** Some task waits for those that run (the frames for the check, the video for the frames). */
  readonly hasMoreBehind: boolean;
  /** Some frame has taught how long they take. */
  readonly isKnown: boolean;
  /** Or an earlier run that was like one of these. */
  readonly isLike: boolean;
}

/** What is left of one run, or of several. Seconds with the loading and the waits between tasks. */
export interface Needs {
  readonly queued: number;
  /** Of the queued tasks together, by what is known, and surely. */
  readonly seconds: number;
  readonly least: number;
  /** Frames of the queued tasks together, and the seconds that these need beside them. */
  readonly frames: number;
  readonly around: number;
  readonly busy: ReadonlyMap<string, number>;
  readonly hasMoreBehind: boolean;
}

export const NO_NEEDS: Needs = {
  queued: 0,
  seconds: 0,
  least: 0,
  frames: 0,
  around: 0,
  busy: new Map(),
  hasMoreBehind: false,
};

/** Of several together. */
export function sumOfNeeds(all: readonly Needs[]): Needs {
  const sum = (of: (needs: Needs) => number) => all.reduce((total, one) => total + of(one), 0);
  return {
    queued: sum(({ queued }) => queued),
    seconds: sum(({ seconds }) => seconds),
    least: sum(({ least }) => least),
    frames: sum(({ frames }) => frames),
    around: sum(({ around }) => around),
    busy: new Map(all.flatMap(({ busy }) => [...busy])),
    hasMoreBehind: all.some(({ hasMoreBehind }) => hasMoreBehind),
  };
}

/** Only so many of the queued tasks, as they are on average. */
export function partOf(needs: Needs, queued: number): Needs {
  const part = queued / needs.queued;
  const { seconds, least, frames, around } = needs;
  return {
    ...{ ...needs, queued, seconds: part * seconds, least: part * least },
    ...{ frames: part * frames, around: part * around },
  };
}

/** What each of the queued tasks needs, on average. */
export function perTaskOf({ queued, seconds, least, frames, around }: Needs) {
  const perTask = (sum: number) => (queued === 0 ? 0 : sum / queued);
  return {
    ...{ queued, secondsPerTask: perTask(seconds), leastPerTask: perTask(least) },
    ...{ framesPerTask: perTask(frames), aroundPerTask: perTask(around) },
  };
}

/** What must be done until a run's deadline: that run, and all that goes before it. */
export interface Hurried {
  readonly demand: Demand;
  readonly hurry: Hurry;
}

/**
 * What a pool has to do, what of it the runs' `maxDollars` still pay for, and what of that the most pressing deadlines ask for. `null` = some job
 * could not be read: nobody is sent home on that.
 */
export function demandOf(
  sight: Sight,
  draft: Draft,
  pool: PoolPolicy,
): { readonly all: Demand; readonly payable: Demand; readonly hurried: readonly Hurried[] } | null {
  const runs = [...runsOf(sight, draft, pool)].sort(inOrder);
  const all: Needs[] = [];
  const payable: Needs[] = [];
  const hurried: Hurried[] = [];
  for (const run of runs) {
    if (waitsForGonePool(sight, run)) continue;
    const needs = needsOf(sight, draft, run, runs);
    if (needs === null) return null;
    all.push(needs);
    payable.push(withinCap(sight, run, needs, pool));
    const hurry = hurryOf(sight, draft, run);
    // What its own frames need is what matters: those of others say little of them.
    if (hurry !== null) hurried.push({ demand: sumOfDemand(payable, [run]), hurry });
  }
  const whole = sumOfDemand(all, runs);
  const isCapped = runs.some((run) => capOf(run) !== null);
  const pressing = hurried.sort((a, b) => pressureOf(b) - pressureOf(a)).slice(0, mostPressing(pool));
  return { all: whole, payable: isCapped ? sumOfDemand(payable, runs) : whole, hurried: pressing };
}

/** Each costs forecasts of the whole team: in a large pool those that ask for most are enough. */
function mostPressing({ max }: PoolPolicy): number {
  return Math.max(5, Math.floor(5000 / max));
}

/** About how many workers it takes. */
function pressureOf({ demand: { queued, secondsPerTask }, hurry: { seconds } }: Hurried): number {
  return (queued * secondsPerTask) / Math.max(1, seconds);
}

function sumOfDemand(needs: readonly Needs[], taughtBy: readonly RunRecord[]): Demand {
  const sum = sumOfNeeds(needs);
  return {
    ...{ ...perTaskOf(sum), busy: sum.busy, hasMoreBehind: sum.hasMoreBehind },
    ...{ isKnown: isKnown(taughtBy), isLike: taughtBy.some(({ like }) => like !== null) },
  };
}

/** As Flamenco hands their tasks out: by priority, then age. */
export function inOrder(a: RunRecord, b: RunRecord): number {
  const priority = ({ settings }: RunRecord) => settings?.priority.value ?? 0;
  return priority(b) - priority(a) || (a.admittedAt ?? 0) - (b.admittedAt ?? 0);
}

function isKnown(runs: readonly RunRecord[]): boolean {
  return runs.some(({ times }) => times.frames > 0);
}

/** What is left of one run. */
export interface OwnNeeds extends Needs {
  /** Seconds of each of the queued tasks, in the order in which they are handed out. */
  readonly tasks: readonly number[];
  /** Share of their frames of which nobody knows how long they take; only forecasts tell it. */
  readonly unknown: number;
}

/**
 * What is left of a run of a pool whose runs are `others`, itself among them. `null` = it could not be read. Of a job that was
 * lost only one frame counts, until it is known what it had delivered; with `isForecast` all that are not known to be there.
 */
export function needsOf(
  sight: Sight,
  draft: Draft,
  run: RunRecord,
  others: readonly RunRecord[],
  isForecast = false,
): OwnNeeds | null {
  const asKnown = expectedSeconds(run, sight.now, run.times.frames > 0 ? undefined : usualSeconds(others));
  const outlook = isForecast && run.times.frames > 0 ? outlookOf(sight, run, asKnown) : null;
  const each = outlook?.each ?? asKnown;
  const leastEach = run.times.frames > 0 ? each : Math.min(each, leastLikely(run, sight.now));
  const around = secondsAroundTask(run);
  const needsFor = (sizes: readonly number[]) => {
    const all = sizes.reduce((sum, size) => sum + size, 0);
    // Of a task that was begun before some frames may be there.
    const frames = Math.min(all, outlook?.frames ?? all);
    return {
      queued: sizes.length,
      seconds: frames * each + sizes.length * around,
      least: frames * leastEach + sizes.length * around,
      ...{ frames, around: sizes.length * around },
      tasks: sizes.map((size) => ((size * frames) / all) * each + around),
      unknown: outlook?.unknown ?? 1,
    };
  };
  const upcoming = upcomingTasks(sight, draft, run, isForecast);
  if (upcoming !== null) return { ...NO_NEEDS, ...needsFor(upcoming) };
  const seen = sight.observed.details.get(run.id);
  if (seen === undefined || seen.job === 'unknown' || seen.tasks === 'unknown') return null;
  const isStopping = run.stopping !== null;
  const runnable = isForecast ? framesTasks(seen.tasks) : runnableTasks(seen.tasks);
  const tasks = isStopping ? activeTasks(seen) : runnable;
  const busy = new Map<string, number>();
  let sizes: number[] = [];
  for (const task of tasks) {
    const left = Math.max(1, task.stepsTotal - task.stepsCompleted);
    if (task.status !== 'active' || task.workerId === null) sizes.push(left);
    else busy.set(task.workerId, outlook?.leftOf(task) ?? leftOfActive(run, task, left * each, sight.now));
  }
  if (run.stopping?.code === 'recut') {
    const inHand = new Set(activeTasks(seen).flatMap(framesOfTask));
    const frames = openFrames(run).filter((frame) => !inHand.has(frame)).length;
    sizes = [...chunkSizesOf(sight, run, frames, null)];
  }
  const open = seen.tasks.filter(({ status }) => status === 'queued' || status === 'active').length;
  return { ...needsFor(sizes), busy, hasMoreBehind: !isStopping && open > tasks.length };
}

function runsOf(sight: Sight, draft: Draft, pool: PoolPolicy): readonly RunRecord[] {
  return openRuns(draft).filter(
    (run) => wantsFarm(run.state) && poolOf(sight.policy, run).name === pool.name,
  );
}

/** A frame of another shot says more about one that has none yet than nothing does. `undefined` = nobody knows. */
function usualSeconds(runs: readonly RunRecord[]): number | undefined {
  const known = runs.filter(({ times }) => times.frames > 0);
  if (known.length === 0) return undefined;
  return known.reduce((sum, run) => sum + secondsPerFrame(run), 0) / known.length;
}

/** Frames of each task of a job that is about to be submitted, or of one that was lost; `null` = its job is there, or cannot be seen. */
function upcomingTasks(
  sight: Sight,
  draft: Draft,
  run: RunRecord,
  isForecast: boolean,
): readonly number[] | null {
  const seen = sight.observed.details.get(run.id);
  // That of an earlier round has ended: the next one is still to come.
  const isKnownJob =
    seen !== undefined && seen.job !== null && seen.job !== 'unknown' && !isOfEarlierRound(run, seen.job);
  const isLost = seen?.job === null && run.jobId !== null;
  if (isKnownJob || (run.jobId !== null && !isLost)) return null;
  const isHeld = run.stopping !== null && run.stopping.code !== 'recut';
  if (isHeld || run.settings === null) return [];
  // What a lost job had delivered is looked at first.
  if (isLost && !isForecast) return [1];
  // One worker is enough for the check, and a bad shot costs no more than that.
  const isCheckAhead = run.check === 'pending' || (run.check === 'none' && wantsCheck(sight, draft, run));
  if (isCheckAhead && !isForecast) return [1];
  return chunkSizesOf(sight, run, openFrames(run).length, run.settings.chunkSize.value);
}

function isOfEarlierRound({ round }: RunRecord, job: JobObserved): boolean {
  return job.round !== null && job.round < round;
}

/** A frame that takes longer than usual needs a tenth of what it has taken so far, at a guess; as long again, at even odds, while nothing is usual. */
function leftOfActive(run: RunRecord, task: TaskObserved, usual: number, now: number): number {
  const mark = run.standstill[task.id];
  const elapsed = mark === undefined ? 0 : (now - mark.since) / 1000;
  const taken = run.times.loads === 0 ? elapsed : (ageOf(run, task.id, now) ?? 0);
  const longer = taken * (run.times.frames === 0 ? 1 : 0.1);
  return loadingLeft(run, task.id, now) + Math.max(usual - taken, longer);
}

/** Of the time until a deadline this share, and these seconds, are kept for what a forecast does not know: lost machines, late boots, a look. */
const DEADLINE_SHARE = 0.08;
const DEADLINE_SECONDS = 60;
/** The last frames may be slower than most by so many standard deviations. */
const SLOW_LAST = 1.5;
/** A cluster and its manager, where there is no farm yet: `clusters create` takes 4 to 7 minutes. */
export const FARM_SECONDS = 400;

/** Seconds until a deadline, less what is kept to be safe. */
interface Hurry {
  readonly seconds: number;
  /** As many as there were when it was set, from where the farm is there as a rule. */
  readonly given: number;
}

const NO_HURRY: Hurry = { seconds: Number.POSITIVE_INFINITY, given: Number.POSITIVE_INFINITY };

/** `null` = it has no deadline. */
function hurryOf(sight: Sight, draft: Draft, run: RunRecord): Hurry | null {
  if (run.stopping !== null || run.finishBy === null) return null;
  const seconds = secondsToBeSafe(sight, run, run.finishBy);
  const from = { ...sight, now: farmThereAt(draft, run) };
  return { seconds, given: Math.max(seconds, secondsToBeSafe(from, run, run.finishBy)) };
}

/** When the farm was there for a run, as one had to expect when it came. */
function farmThereAt({ memory: { stage, stageSince } }: Draft, run: RunRecord): number {
  const cameAt = run.admittedAt ?? run.receivedAt;
  return stage === 'ready' && stageSince <= cameAt ? cameAt : cameAt + 1000 * FARM_SECONDS;
}

function secondsToBeSafe({ now }: Sight, run: RunRecord, finishBy: number): number {
  const left = (finishBy - now) / 1000;
  const { times } = run;
  const slower = times.frames < 3 ? LAST_SHARE : SLOW_LAST * spreadOf(times);
  const lastFrame = times.frames === 0 ? 0 : slower * expectedSeconds(run, now);
  return left - DEADLINE_SHARE * Math.max(0, left) - DEADLINE_SECONDS - lastFrame;
}

/**
 * Whether a frame that is begun now on a new machine keeps its deadline only if that machine is not taken away, as others
 * of this run were. One that is late in any case is none.
 */
export function mustNotBeLost(sight: Sight, draft: Draft, pool: PoolPolicy): boolean {
  return runsOf(sight, draft, pool).some((run) => {
    if (run.stopping !== null || run.finishBy === null || run.costs.lost === 0) return false;
    const once = pool.bootSeconds + expectedSeconds(run, sight.now);
    const left = (run.finishBy - sight.now) / 1000;
    return once <= left && secondsToBeSafe(sight, run, run.finishBy) < 2 * once;
  });
}

/** What there is to do, and who is there for it. */
type WorkAhead = WorkLeft &
  Pick<Demand, 'leastPerTask' | 'framesPerTask' | 'aroundPerTask' | 'isKnown' | 'isLike'> & {
    /** When those of them will ask that have no task, or boot. */
    readonly unoccupied: readonly number[];
    /** And those that have one of a run that goes after these. */
    readonly elsewhere: readonly number[];
  };

interface Worth {
  readonly fixedPricePerHour: number;
  readonly valueOfTimePerHour: number;
}

/** What a second costs and is worth, and what a worker costs beyond its tasks: boot and release. */
export function pricesOf(
  { pricePerHour, bootSeconds, tailSeconds }: PoolPolicy,
  { fixedPricePerHour, valueOfTimePerHour }: Worth,
): Prices {
  const perWorker = (pricePerHour * (bootSeconds + tailSeconds)) / 3600;
  return { perSecond: (fixedPricePerHour + valueOfTimePerHour) / 3600, perWorker };
}

/** For those that come later each must bring a little more than it costs: the estimate wavers, and a boot is paid for good. */
const CAUTION = 1.3;
/** Fewer more than this share of those that are there are not worth an order: the next look may see it otherwise. */
const LEAST_STEP = 0.1;

/**
 * How many more workers a pool is to have: as many as bring more time than they cost, by a forecast with those that are
 * there, and as many as a deadline asks for. Clamped to tasks and to the pool's maximum in this one place. While no frame has taught how long
 * they take, no more than cost as much in an hour as an hour of everything else is worth, or than would be worth their boots if
 * the frames were as quick as they still can be: what the others' boots cost would be more than what is lost by waiting for the first frame.
 */
export function moreWorkers(
  work: WorkAhead,
  pool: PoolPolicy,
  worth: Worth,
  hurry: Hurry = NO_HURRY,
): number {
  const bySeconds = hurry.seconds;
  const perHour = worth.fixedPricePerHour + worth.valueOfTimePerHour;
  const { bootSeconds, pricePerHour } = pool;
  // Who has no task, or boots, takes the next ones: more than are then left would be let go at the next look.
  const room = Math.max(0, Math.min(pool.max - work.freeAt.length, work.queued - work.unoccupied.length));
  const { perSecond, perWorker } = pricesOf(pool, worth);
  const prices = { perSecond, perWorker: work.freeAt.length === 0 ? perWorker : CAUTION * perWorker };
  const best = (most: number) => {
    const more = bestMore(work, most, bootSeconds, prices, bySeconds);
    const isWorth = more >= LEAST_STEP * work.freeAt.length || bySeconds < Number.POSITIVE_INFINITY;
    return isWorth ? more : 0;
  };
  if (work.isKnown || pricePerHour === 0) return best(room);
  const unknownMost = Math.max(1, Math.ceil(perHour / pricePerHour)) - work.freeAt.length;
  const surely = bestMore({ ...work, secondsPerTask: work.leastPerTask }, room, bootSeconds, prices);
  const more = best(Math.min(room, Math.max(0, unknownMost, surely)));
  if (bySeconds === Number.POSITIVE_INFINITY) return more;
  return Math.max(more, Math.min(room, firstWave(work, pool, room, hurry)));
}

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
/** The last frames may take longer than most by this share, at a guess. */
const LAST_SHARE = 0.4;
/** With a near deadline so many begin at least: frames that turn out to be slow have no time for a second wave. */
const FIRST_FOR_DEADLINE = 10;
/** Frame times are looked through in such steps, and these shares of the longest are tried. */
const FRAME_STEP = 1.1;
const TRIED = [1, 0.75, 0.5];

/**
 * How many more must begin while nobody knows how long a frame takes, if the others are to be ordered once the first one has ended: few
 * where there is time for that. All, once it is seen that frames are not short, if one that takes long and is lost with its machine would be late.
 */
function firstWave(work: WorkAhead, { bootSeconds, max }: PoolPolicy, room: number, hurry: Hurry): number {
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
