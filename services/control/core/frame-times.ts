import type { FrameRecord } from './proof.ts';
import type { FrameTimes, RunRecord } from './run.ts';
import type { EpochMs } from './time.ts';

/** Seconds a frame is taken to need before any was rendered. */
const PRIOR_SECONDS = 30;
/** Before any has ended, one that has taken so long needs half as much again, at a guess: nothing says that it is nearly done. */
const AT_LEAST_TO_LIKELY = 1.5;

/** Adds what a finished frame's record says. */
export function learn(times: FrameTimes, record: FrameRecord): FrameTimes {
  if (record.seconds === null) return times;
  const load = record.loadSeconds ?? 0;
  return {
    frames: times.frames + 1,
    sumSeconds: times.sumSeconds + record.seconds,
    sumSquaredSeconds: times.sumSquaredSeconds + record.seconds ** 2,
    loads: times.loads + (load > 0 ? 1 : 0),
    sumLoadSeconds: times.sumLoadSeconds + load,
    maxMemoryMiB: Math.max(times.maxMemoryMiB, record.peakMemoryMiB ?? 0),
  };
}

export function secondsPerFrame(run: Pick<RunRecord, 'times'>): number {
  return run.times.frames === 0 ? PRIOR_SECONDS : run.times.sumSeconds / run.times.frames;
}

/**
 * Seconds that a frame is taken to need by all that is known now: a running one that already takes longer than usual counts
 * with what it has taken so far (at least so much will it be). `prior`: for a shot without any frame.
 */
export function expectedSeconds(
  run: Pick<RunRecord, 'times' | 'standstill'>,
  now: EpochMs,
  prior: number = PRIOR_SECONDS,
): number {
  const usual = run.times.frames === 0 ? prior : secondsPerFrame(run);
  const late = Object.values(run.standstill)
    .map(({ since }) => (now - since) / 1000)
    .filter((seconds) => seconds > usual);
  const known = Math.max(1, run.times.frames);
  const factor = run.times.frames === 0 ? AT_LEAST_TO_LIKELY : 1;
  const sum = late.reduce((total, seconds) => total + factor * seconds, known * usual);
  return sum / (known + late.length);
}

/** Seconds until a task's first frame begins, by those that were seen; 0 before any was. */
export function loadSecondsOf({ times }: Pick<RunRecord, 'times'>): number {
  return times.loads === 0 ? 0 : times.sumLoadSeconds / times.loads;
}

/** Coefficient of variation of the frame times; a wide guess before there are three. */
export function spreadOf(times: FrameTimes): number {
  if (times.frames < 3) return 0.5;
  const mean = times.sumSeconds / times.frames;
  const variance = Math.max(0, times.sumSquaredSeconds / times.frames - mean ** 2);
  return mean === 0 ? 0 : Math.sqrt(variance) / mean;
}
