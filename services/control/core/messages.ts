import { forecastFor } from './forecast-warnings.ts';
import { formatFrames, framesOf } from './frames.ts';
import type { FarmMemory, Policy } from './model.ts';
import { plainText } from './plain-text.ts';
import { isFinal, type Reason, type RunRecord, type RunState, versionName } from './run.ts';
import { whenAgain } from './setback.ts';
import type { Forecast } from './status-document.ts';
import type { EpochMs } from './time.ts';

/** What people are told of, wherever they are. */
export type MessageType =
  | 'run.started'
  | 'run.completed'
  | 'run.incomplete'
  | 'run.failed'
  | 'run.rejected'
  | 'run.waiting'
  | 'run.framesFailing'
  | 'run.deadlineAtRisk'
  | 'run.overCap'
  | 'run.overQuote'
  | 'farm.noCapacity'
  | 'farm.budgetReached'
  | 'farm.broken'
  | 'farm.down'
  | 'farm.leftovers';

/** Something worth telling. It is told once as long as it stays so: `key` says what counts as the same. */
export interface News {
  readonly key: string;
  readonly type: MessageType;
  /** One or two sentences, without control characters. */
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** How the runs and the farm stand after a pass. */
export interface Standing {
  readonly memory: FarmMemory;
  /** Open ones and those that have ended lately. */
  readonly runs: readonly RunRecord[];
  readonly policy: Pick<Policy, 'monthlyBudgetDollars' | 'budgetStop'>;
  /** What a run will have cost in the end. */
  readonly forecastOf: (run: RunRecord) => Forecast;
  /** Today's date and month in UTC: `2026-11-24`, `2026-11`. */
  readonly day: string;
  readonly month: string;
  readonly now: EpochMs;
}

const MINUTE_MS = 60_000;
/** So long there is work and no machine for it. */
const NO_CAPACITY_MS = 15 * MINUTE_MS;
/** While a project is being uploaded its files are missing for a moment: nobody needs to do anything about that. */
const STILL_WAITING_MS = 2 * MINUTE_MS;
/** What ended longer ago is no news, whoever was not told of it and why. */
const NEWS_MS = 24 * 60 * MINUTE_MS;
/** Once may be chance; the third time a frame is given up. */
const FAILS_OFTEN = 2;
/** A farm that broke once is tried again in a minute, and mostly works then. */
const BREAKS_OFTEN = 2;
const CENT = 0.01;
const LONGEST_MESSAGE = 1000;
const MOST_LEFTOVERS = 20;

/** What is remembered of what was told before. */
export interface Before {
  /** What had ended before is no news. */
  readonly since: EpochMs;
  /** Dollars that the run would cost at most, when it was forecast for the first time; `null` = not yet. */
  readonly quote: number | null;
}

/** What can be told of a run as it is now. */
export function newsOfRun(run: RunRecord, standing: Standing, { since, quote }: Before): readonly News[] {
  const { now } = standing;
  if (isFinal(run.state)) {
    const isNew = run.endedAt !== null && run.endedAt >= since && now - run.endedAt < NEWS_MS;
    return isNew ? newsOfEnd(run) : [];
  }
  const failing = run.troubles.filter(({ attempts }) => attempts >= FAILS_OFTEN);
  const forecast = standing.forecastOf(run).p50;
  const isOver = quote !== null && forecast !== null && forecast >= quote + CENT;
  const deadline = forecastFor(run.warnings, 'finishBy');
  // Where nothing has a price the warning says just that.
  const cap = run.dollars === 0 ? null : forecastFor(run.warnings, 'maxDollars');
  return [
    ...(run.state === 'rendering'
      ? [ofRun(run, 'run.started', 'started', `starts to render: ${frameCount(run)}.`)]
      : []),
    ...(run.reason !== null && waitsForPerson(run, now)
      ? [ofRun(run, 'run.waiting', `waiting ${run.reason.code}`, `waits for you. ${words(run.reason)}`)]
      : []),
    ...(failing.length > 0 ? [ofRun(run, 'run.framesFailing', 'failing', failingText(failing))] : []),
    ...(deadline === null ? [] : [ofRun(run, 'run.deadlineAtRisk', 'deadline', `will be late. ${deadline}`)]),
    ...(cap === null ? [] : [ofRun(run, 'run.overCap', 'cap', `costs more than it may. ${cap}`)]),
    ...(isOver
      ? [
          ofRun(
            run,
            'run.overQuote',
            'quote',
            `costs more than was forecast: about $${forecast.toFixed(2)} in all, and it was $${quote.toFixed(2)} at most.`,
          ),
        ]
      : []),
  ];
}

/** What can be told of the farm as it is now, but for its end. */
export function newsOfFarm(standing: Standing): readonly News[] {
  const { memory, policy, now } = standing;
  const { setback, drySince, leftovers } = memory;
  const isDry = setback?.kind === 'noMachines' || (drySince !== null && now - drySince >= NO_CAPACITY_MS);
  const isBroken = setback?.kind === 'broken' && setback.times >= BREAKS_OFTEN;
  const money = moneyOf(standing);
  const isSpent = money.cap !== null && money.month >= money.cap;
  return [
    ...(isDry
      ? [
          ofFarm(
            'farm.noCapacity',
            'noCapacity',
            setback?.kind === 'noMachines'
              ? `${whenAgain(setback)}.`
              : 'There has been work for 15 minutes, and not one machine for it.',
            {},
          ),
        ]
      : []),
    ...(isBroken
      ? [ofFarm('farm.broken', 'broken', `${whenAgain(setback)}.`, { times: setback.times })]
      : []),
    ...(isSpent
      ? [
          ofFarm(
            'farm.budgetReached',
            `budget ${standing.month}`,
            `This month's budget of $${money.cap} is reached ($${money.month.toFixed(2)}). ${
              policy.budgetStop === 'now'
                ? 'Everything is stopped'
                : 'Running frames are finished, no more are begun'
            }; it goes on with the next month or a higher MONTHLY_BUDGET_DOLLARS.`,
            { money },
          ),
        ]
      : []),
    ...(leftovers !== null && leftovers.length > 0
      ? [
          ofFarm(
            'farm.leftovers',
            'leftovers',
            `The farm is down, but this is left of it and may cost money: ${leftovers.slice(0, MOST_LEFTOVERS).join(', ')}.`,
            { leftovers: leftovers.slice(0, MOST_LEFTOVERS), money },
          ),
        ]
      : []),
  ];
}

/** That a farm which was up is gone, as soon as that is proved; `null` = it is not. */
export function newsOfFarmsEnd(standing: Standing): News | null {
  const { stage, stageSince, stageReason, leftovers } = standing.memory;
  if (stage !== 'absent' || leftovers === null || leftovers.length > 0) return null;
  const money = moneyOf(standing);
  const cost = money.today === 0 ? '' : ` It has cost $${money.today.toFixed(2)} today.`;
  const why = stageReason === null ? '' : ` ${stageReason}.`;
  return ofFarm(
    'farm.down',
    `down ${stageSince}`,
    `The farm is down, and nothing is left of it.${cost}${why}`,
    {
      leftovers: [],
      money,
    },
  );
}

const ENDS: Readonly<Partial<Record<RunState, MessageType>>> = {
  completed: 'run.completed',
  incomplete: 'run.incomplete',
  failed: 'run.failed',
  rejected: 'run.rejected',
};

/** Nothing of what people did themselves: cancel it, or upload it anew. */
function newsOfEnd(run: RunRecord): readonly News[] {
  const type = ENDS[run.state];
  return type === undefined ? [] : [ofRun(run, type, `ended ${run.endedAt}`, endText(run))];
}

function endText(run: RunRecord): string {
  const why = run.reason === null ? '' : ` ${words(run.reason)}`;
  const cost = run.dollars > 0 ? `, for $${run.dollars.toFixed(2)}` : '';
  const proved = framesOf(run.proved).length;
  if (run.state === 'completed') return `is done: ${frameCount(run)}${cost}.`;
  if (run.state === 'incomplete') return `has ended with ${proved} of ${frameCount(run)}${cost}.${why}`;
  return `${run.state === 'failed' ? 'has failed' : 'cannot be rendered'}.${why}`;
}

/** What the budget or a pause of everything holds up is told of the farm, or was somebody's wish. */
const OF_ALL = new Set(['budget', 'paused']);

/** There is something to do about it, and it does not go away by itself in a moment. */
function waitsForPerson({ state, reason, stateSince }: RunRecord, now: EpochMs): boolean {
  if (reason === null || reason.action === null || OF_ALL.has(reason.code)) return false;
  return state !== 'waiting' || now - stateSince >= STILL_WAITING_MS;
}

function failingText(failing: RunRecord['troubles']): string {
  const [first] = failing;
  const frames = formatFrames(failing.map(({ frame }) => frame));
  const verb = failing.length === 1 ? `: frame ${frames} keeps failing` : `: frames ${frames} keep failing`;
  return `${verb}: ${first?.message}.`;
}

function words({ message, action }: Reason): string {
  return action === null ? message : `${message} ${action}`;
}

function frameCount(run: RunRecord): string {
  const count = framesOf(run.frames ?? '').length;
  return `${count} frame${count === 1 ? '' : 's'}`;
}

/** `text` goes on after the shot's name. */
function ofRun(run: RunRecord, type: MessageType, key: string, text: string): News {
  const version = run.version === null ? null : versionName(run.version);
  const title = version === null ? run.shot : `${run.shot} ${version}`;
  const data = {
    id: run.id,
    shot: run.shot,
    version,
    state: run.state,
    code: run.reason?.code ?? null,
    frames: {
      total: framesOf(run.frames ?? '').length,
      done: framesOf(run.proved).length,
      failing: formatFrames(
        run.troubles.filter(({ attempts }) => attempts >= FAILS_OFTEN).map(({ frame }) => frame),
      ),
    },
    dollars: run.dollars,
    requestedBy: run.requestedBy,
  };
  const message = text.startsWith(':') ? `${title}${text}` : `${title} ${text}`;
  return { key, type, message: sentence(message), data: { run: data } };
}

function ofFarm(
  type: MessageType,
  key: string,
  message: string,
  data: Readonly<Record<string, unknown>>,
): News {
  return { key, type, message: sentence(message), data };
}

function moneyOf({ memory: { ledger }, policy, day, month }: Standing) {
  return {
    today: ledger.day === day ? ledger.today : 0,
    month: ledger.month === month ? ledger.thisMonth : 0,
    cap: policy.monthlyBudgetDollars,
  };
}

function sentence(text: string): string {
  const signs = [...plainText(text.replace(/\s+/g, ' '))];
  return signs.length <= LONGEST_MESSAGE
    ? signs.join('')
    : `${signs.slice(0, LONGEST_MESSAGE - 1).join('')}…`;
}
