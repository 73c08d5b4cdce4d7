import type { RunStatus, StatusDocument } from '../core/status-document.ts';

/** It is read every second by every page that is open. */
const MOST_BYTES = 64 * 1024;
const LONGEST_TEXT = 1000;
const SHORT_TEXT = 200;
const FEW_DECISIONS = 20;
const FEW_WARNINGS = 3;
const MOST_LEFTOVERS = 100;

/**
 * The document within its 64 KiB: long texts are cut, then older decisions and warnings are left out, then runs from the end
 * of the list (the oldest ended ones), and the sentence says how many. Their records tell all.
 */
export function withinSize(document: StatusDocument): StatusDocument {
  const whole = withTexts(document, LONGEST_TEXT);
  if (sizeOfAll(whole) <= MOST_BYTES) return whole;
  const short = withTexts(document, SHORT_TEXT);
  const few = {
    ...short,
    decisions: short.decisions.slice(0, FEW_DECISIONS),
    runs: short.runs.map((run) => ({ ...run, warnings: run.warnings.slice(0, FEW_WARNINGS) })),
  };
  return sizeOf(few) <= MOST_BYTES ? few : withFewerRuns(few);
}

function withFewerRuns(document: StatusDocument): StatusDocument {
  const told = (left: number) =>
    `${document.sentence} ${left} more ${left === 1 ? 'run is' : 'runs are'} not shown here.`;
  const most = { ...document, runs: [], sentence: told(document.runs.length) };
  let room = MOST_BYTES - sizeOf(most) - LIST_END;
  const runs: RunStatus[] = [];
  for (const run of document.runs) {
    room -= sizeInList(run);
    if (room < 0) break;
    runs.push(run);
  }
  return { ...document, runs, sentence: told(document.runs.length - runs.length) };
}

function withTexts(document: StatusDocument, longest: number): StatusDocument {
  const cut = (text: string) => (text.length <= longest ? text : `${text.slice(0, longest - 1)}…`);
  const { farm, pools, leftovers } = document;
  const cutOrNull = (text: string | null) => (text === null ? null : cut(text));
  return {
    ...document,
    sentence: cut(document.sentence),
    farm: { ...farm, reason: cutOrNull(farm.reason) },
    pools: pools.map((pool) => ({ ...pool, reason: cutOrNull(pool.reason ?? null) })),
    leftovers: leftovers === null ? null : withoutTail(leftovers.map(cut)),
    decisions: document.decisions.map((one) =>
      Math.max(one.what.length, one.reason.length) <= longest
        ? one
        : { ...one, what: cut(one.what), reason: cut(one.reason) },
    ),
    runs: document.runs.map((run) => ({
      ...run,
      reason:
        run.reason === null
          ? null
          : {
              ...run.reason,
              message: cut(run.reason.message),
              action: cutOrNull(run.reason.action),
            },
      warnings: run.warnings.map(cut),
    })),
  };
}

function withoutTail(leftovers: readonly string[]): readonly string[] {
  const left = leftovers.length - MOST_LEFTOVERS;
  return left <= 0 ? leftovers : [...leftovers.slice(0, MOST_LEFTOVERS), `and ${left} more`];
}

/** Decisions are most of it, and stay from pass to pass what they are. */
const sizes = new WeakMap<object, number>();

function sizeOfAll(document: StatusDocument): number {
  const others = sizeOf({ ...document, decisions: [] }) + (document.decisions.length > 0 ? LIST_END : 0);
  return document.decisions.reduce((sum, one) => sum + sizeOnce(one), others);
}

function sizeOnce(decision: StatusDocument['decisions'][number]): number {
  const size = sizes.get(decision) ?? sizeInList(decision);
  sizes.set(decision, size);
  return size;
}

/** As it is written on one's own machine, with line breaks for people. */
function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value, null, 2)) + 1;
}

/** A list that is not empty ends on a line of its own, and its last entry has no comma. */
const LIST_END = 2;

/** The comma, and two levels more of indentation. */
function sizeInList(one: object): number {
  const lines = JSON.stringify(one, null, 2).split('\n').length;
  return sizeOf(one) + 1 + 4 * lines;
}
