import { plainText } from '../control/core/plain-text.ts';
import { isFinal } from '../control/core/run.ts';
import type { RunStatus, StatusDocument } from '../control/core/status-document.ts';
import type { EpochMs } from '../control/core/time.ts';
import { bar, cutTo, durationText, fitTo, wrapTo } from './terminal-text.ts';

const BAR_WIDTH = 20;
const NAME_WIDTH = 28;
const MAX_RUNS = 12;
const INDENT = '  ';

/** Runs that had ended before somebody began to watch say nothing about what they watch for. */
export function isHistory(run: RunStatus, watchedSince: EpochMs): boolean {
  return isFinal(run.state) && Date.parse(run.since) < watchedSince;
}

/** What the terminal shows of a status, each line at most `width` columns. */
export function progressLines(
  status: StatusDocument,
  watchedSince: EpochMs,
  width: number,
): readonly string[] {
  const shown = status.runs.filter((run) => !isHistory(run, watchedSince));
  const more = shown.length - MAX_RUNS;
  return [
    ...shown.slice(0, MAX_RUNS).flatMap((run) => runLines(run, width)),
    ...(more > 0 ? [`and ${more} more, see the page`] : []),
    ...workersLines(status),
    plainText(status.sentence),
  ].map((line) => cutTo(line, width));
}

function runLines(run: RunStatus, width: number): readonly string[] {
  const { done, total } = run.frames;
  const counts = total === 0 ? '' : `${done}/${total}`;
  const eta =
    run.etaSeconds === null || isFinal(run.state) ? '' : `, about ${durationText(run.etaSeconds.p50)} left`;
  const failed = run.frames.failed > 0 ? `, ${run.frames.failed} failed` : '';
  const head = `${fitTo(nameOf(run), NAME_WIDTH)} ${bar(total === 0 ? 0 : done / total, BAR_WIDTH)} ${counts.padStart(9)}  ${run.state}${failed}${eta}`;
  // What to do often stands at the end of a reason: it is wrapped, not cut.
  const reasons = reasonLines(run).flatMap((line) => wrapTo(line, width - INDENT.length));
  return [head, ...reasons.map((line) => `${INDENT}${line}`)];
}

/** Why it is as it is, and what to do about it; not while all goes well. */
export function reasonLines({ reason, state }: RunStatus): readonly string[] {
  if (reason === null || state === 'completed' || state === 'rendering') return [];
  return [reason.message, ...(reason.action === null ? [] : [`→ ${reason.action}`])].map(plainText);
}

/** `film/sh010 v001`; the end of a long path says more than its beginning. */
export function nameOf({ shot, version }: RunStatus): string {
  const name = plainText(version === null ? shot : `${shot} ${version}`);
  const signs = [...name];
  return signs.length <= NAME_WIDTH ? name : `…${signs.slice(1 - NAME_WIDTH).join('')}`;
}

function workersLines({ pools }: StatusDocument): readonly string[] {
  const parts = pools.flatMap((pool) => {
    const counts = (['busy', 'idle', 'booting', 'draining'] as const)
      .filter((state) => pool[state] > 0)
      .map((state) => `${pool[state]} ${state}`);
    return counts.length === 0 ? [] : [`${plainText(pool.name)}: ${counts.join(', ')}`];
  });
  return parts.length === 0 ? [] : [`workers  ${parts.join(' · ')}`];
}
