import { verdictOf } from '../../../services/control/core/forecast-warnings.ts';
import type { StatusDocument } from '../../../services/control/core/status-document.ts';
import type { Trace } from '../../sim/trace.ts';
import type { Outcome } from './outcome.ts';
import { shotName } from './shots.ts';
import { runTablao, type Tablao, type Watch } from './tablao.ts';

/** An estimate of a run at some moment beside what came of it. */
export interface Guess {
  readonly at: 'tenFrames' | 'half';
  /** Seconds until its last frame, dollars in all: as it was told, and the truth. */
  readonly seconds: Told;
  readonly dollars: Told;
}

interface Told {
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
  readonly truth: number;
}

/** What one seed says beside the outcome of the policy as it is. */
export interface Extras {
  /** With `CHECK_FIRST=auto`, and what a shot costs that the check rejects. */
  readonly checked: Outcome;
  readonly rejected: Outcome;
  /** By value of time, in the order of `valuesOfTime`. */
  readonly byValue: readonly Outcome[];
  readonly guesses: readonly Guess[];
}

/** Dollars an hour around a trace's own. */
export function valuesOfTime({ policy }: Trace): readonly number[] {
  return [0.25, 1, 4].map((factor) => factor * Math.max(0.5, policy.valueOfTimePerHour));
}

export async function runExtras(trace: Trace, seed: number): Promise<Extras> {
  const checked = await runTablao(trace, seed, { policy: { checkFirst: 'auto' } });
  const rejected = await runTablao(trace, seed, { policy: { checkFirst: 'auto' }, isBad: true });
  const byValue: Outcome[] = [];
  for (const valueOfTimePerHour of valuesOfTime(trace))
    byValue.push((await runTablao(trace, seed, { policy: { valueOfTimePerHour } })).outcome);
  return { checked: checked.outcome, rejected: rejected.outcome, byValue, guesses: await guess(trace, seed) };
}

/** What was told of its runs after ten frames and at half, and what came of it. */
export async function guess(trace: Trace, seed: number): Promise<readonly Guess[]> {
  const told = new Map<string, { readonly asOf: number; readonly run: StatusDocument['runs'][number] }>();
  const watch: Watch = (status) => {
    for (const run of status.runs) {
      const { done, total } = run.frames;
      const note = (at: Guess['at']) => {
        if (!told.has(`${at} ${run.shot}`))
          told.set(`${at} ${run.shot}`, { asOf: Date.parse(status.asOf), run });
      };
      if (run.etaSeconds === null || total < 20) continue;
      if (done >= 10) note('tenFrames');
      if (done * 2 >= total) note('half');
    }
  };
  const { runs, pictures } = await runTablao(trace, seed, { watch });
  return [...told].flatMap(([key, { asOf, run }]): readonly Guess[] => {
    const end = pictures.lastAt(run.shot);
    const dollars = runs.find(({ id }) => id === run.id)?.dollars;
    if (end === undefined || dollars === undefined || run.etaSeconds === null || run.dollars.p50 === null)
      return [];
    return [
      {
        at: key.startsWith('half') ? 'half' : 'tenFrames',
        seconds: { ...run.etaSeconds, truth: (end - asOf) / 1000 },
        dollars: { ...run.dollars, truth: dollars },
      },
    ];
  });
}

/** What a trace with a deadline for each of its jobs came to. */
export interface Deadline {
  readonly outcome: Outcome;
  readonly jobs: readonly {
    readonly isMet: boolean;
    /** Seconds after its coming until something was said against its deadline; `null` = nothing was. */
    readonly toldAfterSeconds: number | null;
    /** More was said than that the odds are even. */
    readonly isWarned: boolean;
  }[];
}

/** Each job shall be done so many seconds after it has come; nothing else makes haste. */
export async function runDeadline(
  trace: Trace,
  seed: number,
  bySeconds: readonly number[],
): Promise<Deadline> {
  const jobs = trace.jobs.map((job, index) => ({ ...job, finishByHours: (bySeconds[index] ?? 0) / 3600 }));
  const hurried = { ...trace, jobs };
  const { watch, judge } = followDeadlines(hurried);
  return judge(await runTablao(hurried, seed, { policy: { valueOfTimePerHour: 0 }, watch }));
}

/** Hears what is said of the deadlines of a trace's jobs, and tells what came of them. One without any is met when it is whole. */
export function followDeadlines({ jobs }: Trace): {
  readonly watch: Watch;
  readonly judge: (ours: Tablao) => Deadline;
} {
  const toldAt = new Map<string, number>();
  const warned = new Set<string>();
  const watch: Watch = ({ asOf, runs }) => {
    for (const { shot, warnings } of runs) {
      const told = warnings.filter((one) => one.startsWith('finishBy'));
      if (told.length > 0 && !toldAt.has(shot)) toldAt.set(shot, Date.parse(asOf));
      if (told.some((one) => verdictOf(one) !== 'even')) warned.add(shot);
    }
  };
  const judge = ({ outcome, world }: Tablao): Deadline => ({
    outcome,
    jobs: jobs.map(({ atSeconds, frames, finishByHours = Number.POSITIVE_INFINITY }, index) => {
      const at = toldAt.get(shotName(index));
      const isWhole = outcome.jobFrames[index] === frames;
      return {
        isMet: isWhole && (outcome.jobEnds[index] ?? 0) <= atSeconds + finishByHours * 3600,
        toldAfterSeconds: at === undefined ? null : (at - world.startedAt) / 1000 - atSeconds,
        isWarned: warned.has(shotName(index)),
      };
    }),
  });
  return { watch, judge };
}
