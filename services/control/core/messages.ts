import { titleOf } from './draft.ts';
import { forecastFor, verdictOf } from './forecast-warnings.ts';
import { formatFrames, framesOf } from './frames.ts';
import type { FarmMemory, Policy } from './model.ts';
import { spentIn } from './money.ts';
import { plainText } from './plain-text.ts';
import { askedBy, isFinal, type Reason, type RunRecord, type RunState, versionName } from './run.ts';
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
  /** `null` = it is of the farm. */
  readonly run: RunRecord | null;
  /** Only what is told needs words: most of what is so has been told before. */
  readonly content: () => Content;
}

interface Content {
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
/** The budget is told of the farm, and a pause was somebody's wish. */
const OF_ALL = new Set(['budget', 'paused']);
const CENT = 0.01;
/** The first forecast knows little of boots and of how the farm goes: a little more is none of anybody's concern. */
const MUCH_MORE = 1.1;
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
export function newsOfRun(run: RunRecord, standing: Standing, before: Before): readonly News[] {
  const all = isFinal(run.state) ? [ended] : [started, waits, framesFail, isLate, isOverCap, isOverQuote];
  return all.flatMap((tell) => tell(run, standing, before) ?? []);
}

/** So many shots of which the same is to be told get a message each. */
const MOST_ONE_BY_ONE = 5;
const NAMED = 3;
const MOST_LISTED = 100;

const OF_MANY: Readonly<Record<Extract<MessageType, `run.${string}`>, string>> = {
  'run.started': 'start to render',
  'run.completed': 'are done',
  'run.incomplete': 'have ended without all of their frames',
  'run.failed': 'have failed',
  'run.rejected': 'cannot be rendered',
  'run.waiting': 'wait for you',
  'run.framesFailing': 'have frames that keep failing',
  'run.deadlineAtRisk': 'will be late, or may be',
  'run.overCap': 'cost more than they may',
  'run.overQuote': 'cost more than was forecast',
};

/** News of runs, of which those that are many of a kind (a whole film was sent, and each shot waits for a word) are one. */
export function gathered(news: readonly News[]): readonly News[] {
  const kinds = Map.groupBy(news, kindOf);
  return news.flatMap((one) => {
    const alike = kinds.get(kindOf(one)) ?? [];
    if (alike.length <= MOST_ONE_BY_ONE) return one;
    return alike[0] === one ? ofMany(one, alike) : [];
  });
}

/** Those that wait for different things are different. */
function kindOf({ type, key }: News): string {
  return type === 'run.waiting' ? key : type;
}

function ofMany(first: News, all: readonly News[]): News {
  const runs = all.flatMap(({ run }) => run ?? []);
  const titles = runs.slice(0, NAMED).map(titleOf).join(', ');
  const what = OF_MANY[first.type as keyof typeof OF_MANY];
  return {
    ...first,
    key: `many ${first.key}`,
    content: () => ({
      message: sentence(
        `${runs.length} shots ${what}: ${titles} and ${runs.length - NAMED} more. The first: ${first.content().message}`,
      ),
      data: { count: runs.length, runs: runs.slice(0, MOST_LISTED).map(dataOf) },
    }),
  };
}

type OfRun = (run: RunRecord, standing: Standing, before: Before) => News | null;

const ENDS: Readonly<Partial<Record<RunState, MessageType>>> = {
  completed: 'run.completed',
  incomplete: 'run.incomplete',
  failed: 'run.failed',
  rejected: 'run.rejected',
};

const ENDED_KEY = 'ended ';

/** Whether it told of an end that is news still. */
export function isOfLateEnd(key: string, now: EpochMs): boolean {
  return key.startsWith(ENDED_KEY) && now - Number(key.slice(ENDED_KEY.length)) < NEWS_MS;
}

/** Nothing of what people did themselves: cancel it, or upload it anew. */
const ended: OfRun = (run, { now }, { since }) => {
  const type = ENDS[run.state];
  if (type === undefined || run.endedAt === null) return null;
  if (run.endedAt < since || now - run.endedAt >= NEWS_MS) return null;
  return ofRun(run, type, `${ENDED_KEY}${run.endedAt}`, () => endText(run));
};

const started: OfRun = (run) =>
  run.state === 'rendering'
    ? ofRun(run, 'run.started', 'started', () => `starts to render: ${frameCount(run)}.`)
    : null;

/** There is something to do about it, and it does not go away by itself in a moment. */
const waits: OfRun = (run, { now }) => {
  const { state, reason, stateSince } = run;
  if (reason === null || reason.action === null || OF_ALL.has(reason.code)) return null;
  if (state === 'waiting' && now - stateSince < STILL_WAITING_MS) return null;
  return ofRun(run, 'run.waiting', `waiting ${reason.code}`, () => `waits for you. ${words(reason)}`);
};

const framesFail: OfRun = (run) => {
  const failing = failingIn(run);
  const [first] = failing;
  if (first === undefined) return null;
  return ofRun(run, 'run.framesFailing', 'failing', () => {
    const frames = formatFrames(failing.map(({ frame }) => frame));
    const verb = failing.length === 1 ? `frame ${frames} keeps failing` : `frames ${frames} keep failing`;
    return `has trouble: ${verb}: ${first.message}.`;
  });
};

const isLate: OfRun = (run) => {
  const forecast = forecastFor(run.warnings, 'finishBy');
  // Even odds are for whoever looks; nobody is called for them.
  const verdict = forecast === null ? null : verdictOf(forecast);
  return verdict === null || verdict === 'even'
    ? null
    : ofRun(run, 'run.deadlineAtRisk', 'deadline', () => {
        return `${verdict === 'probably' ? 'may' : 'will'} be late. ${forecast}`;
      });
};

const isOverCap: OfRun = (run) => {
  const forecast = forecastFor(run.warnings, 'maxDollars');
  // Where nothing has a price the warning says just that.
  if (forecast === null || run.dollars === 0) return null;
  return ofRun(run, 'run.overCap', 'cap', () => `costs more than it may. ${forecast}`);
};

const isOverQuote: OfRun = (run, { forecastOf }, { quote }) => {
  const { p50 } = forecastOf(run);
  if (quote === null || p50 === null || p50 < quote * MUCH_MORE + CENT) return null;
  const text = () =>
    `costs more than was forecast: about $${p50.toFixed(2)} in all, and it was $${quote.toFixed(2)} at most.`;
  return ofRun(run, 'run.overQuote', 'quote', text);
};

/** What can be told of the farm as it is now, but for its end. */
export function newsOfFarm(standing: Standing): readonly News[] {
  const one = [noCapacity, isBroken, isBudgetReached, hasLeftovers].flatMap((tell) => tell(standing) ?? []);
  return [...one, ...poolsWithout(standing)];
}

type OfFarm = (standing: Standing) => News | null;

const noCapacity: OfFarm = ({ memory: { setback, drySince }, now }) => {
  if (setback?.kind === 'noMachines')
    return ofFarm('farm.noCapacity', 'noCapacity', `${whenAgain(setback)}.`, {});
  return isLong(drySince, now) ? ofFarm('farm.noCapacity', 'noCapacity', `${NO_MACHINE}.`, {}) : null;
};

const NO_MACHINE = 'There has been work for 15 minutes, and not one machine for it';

function isLong(since: EpochMs | null, now: EpochMs): boolean {
  return since !== null && now - since >= NO_CAPACITY_MS;
}

/** Others have machines. */
function poolsWithout(standing: Standing): readonly News[] {
  const { memory, now } = standing;
  if (noCapacity(standing) !== null) return [];
  return Object.entries(memory.dryPools)
    .filter(([, since]) => isLong(since, now))
    .map(([pool]) =>
      ofFarm('farm.noCapacity', `noCapacity ${pool}`, `${NO_MACHINE}, in pool ${pool}.`, { pool }),
    );
}

const isBroken: OfFarm = ({ memory: { setback } }) =>
  setback?.kind === 'broken' && setback.times >= BREAKS_OFTEN
    ? ofFarm('farm.broken', 'broken', `${whenAgain(setback)}.`, { times: setback.times })
    : null;

const isBudgetReached: OfFarm = (standing) => {
  const money = moneyOf(standing);
  if (money.cap === null || money.month < money.cap) return null;
  const stop =
    standing.policy.budgetStop === 'now'
      ? 'Everything is stopped'
      : 'Running frames are finished, no more are begun';
  const message = `This month's budget of $${money.cap} is reached ($${money.month.toFixed(2)}). ${stop}; it goes on with the next month or a higher MONTHLY_BUDGET_DOLLARS.`;
  return ofFarm('farm.budgetReached', `budget ${standing.month}`, message, { money });
};

/** Until the farm is down once more nobody looks, and what was left is no news again. */
export const LEFTOVERS_KEY = 'leftovers ';

const hasLeftovers: OfFarm = (standing) => {
  const leftovers = standing.memory.leftovers?.toSorted().slice(0, MOST_LEFTOVERS) ?? [];
  if (leftovers.length === 0) return null;
  const message = `The farm is down, but this is left of it and may cost money: ${leftovers.join(', ')}.`;
  const data = { leftovers, money: moneyOf(standing) };
  return ofFarm('farm.leftovers', `${LEFTOVERS_KEY}${leftovers.join()}`, message, data);
};

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

function endText(run: RunRecord): string {
  const why = run.reason === null ? '' : ` ${words(run.reason)}`;
  // Its share of the farm's end comes later.
  const cost = run.dollars > 0 ? `, for $${run.dollars.toFixed(2)} so far` : '';
  const proved = framesOf(run.proved).length;
  if (run.state === 'completed') return `is done: ${frameCount(run)}${cost}.`;
  if (run.state === 'incomplete') return `has ended with ${proved} of ${frameCount(run)}${cost}.${why}`;
  return `${run.state === 'failed' ? 'has failed' : 'cannot be rendered'}.${why}`;
}

function words({ message, action }: Reason): string {
  return action === null ? message : `${message} ${action}`;
}

function frameCount(run: RunRecord): string {
  const count = framesOf(run.frames ?? '').length;
  return `${count} frame${count === 1 ? '' : 's'}`;
}

function failingIn({ troubles }: RunRecord): RunRecord['troubles'] {
  return troubles.filter(({ attempts }) => attempts >= FAILS_OFTEN);
}

/** `text` goes on after the shot's name. */
function ofRun(run: RunRecord, type: MessageType, key: string, text: () => string): News {
  return {
    ...{ key, type, run },
    content: () => ({ message: sentence(`${titleOf(run)} ${text()}`), data: { run: dataOf(run) } }),
  };
}

function dataOf(run: RunRecord) {
  const version = run.version === null ? null : versionName(run.version);
  return {
    id: run.id,
    shot: run.shot,
    version,
    state: run.state,
    code: run.reason?.code ?? null,
    frames: {
      total: framesOf(run.frames ?? '').length,
      done: framesOf(run.proved).length,
      failing: formatFrames(failingIn(run).map(({ frame }) => frame)),
    },
    dollars: run.dollars,
    requestedBy: askedBy(run),
  };
}

function ofFarm(
  type: MessageType,
  key: string,
  message: string,
  data: Readonly<Record<string, unknown>>,
): News {
  return { key, type, run: null, content: () => ({ message: sentence(message), data }) };
}

function moneyOf({ memory: { ledger }, policy, day, month }: Standing) {
  const spent = spentIn(ledger, { day, month });
  return { today: spent.today, month: spent.month, cap: policy.monthlyBudgetDollars };
}

function sentence(text: string): string {
  const signs = [...plainText(text.replace(/\s+/g, ' '))];
  return signs.length <= LONGEST_MESSAGE
    ? signs.join('')
    : `${signs.slice(0, LONGEST_MESSAGE - 1).join('')}…`;
}
