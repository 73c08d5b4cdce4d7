import type { RunStatus, StatusDocument } from '../control/core/status-document.ts';
import { clockText, dollarsText, durationText, plural } from './format.ts';

// What the first glance says, from the status alone. Pure.

/**
 * `Ready about 14:30, for about $1.10.`; where some cannot be told yet, when the others are: `Two of them about 14:30;
 * for one it is too early to tell.` Empty while nothing renders or nothing is known.
 */
export function outlook({ runs }: StatusDocument, now: number): string {
  const open = runs.filter(({ state }) => state === 'queued' || state === 'rendering');
  const known = open.flatMap(({ etaSeconds }) => (etaSeconds === null ? [] : [etaSeconds.p50]));
  if (open.length === 0 || known.length === 0) return '';
  const unknown = open.length - known.length;
  const dollars = open.reduce((sum, run) => sum + (run.dollars.p50 ?? 0), 0);
  const money = dollars > 0 ? `, for about ${dollarsText(dollars)}` : '';
  const ready = clockText(now + Math.max(...known) * 1000, now);
  if (unknown === 0) return `Ready about ${ready}${money}.`;
  return `${inWords(known.length)} of them about ${ready}${money}; for ${inWords(unknown).toLowerCase()} it is too early to tell.`;
}

const NUMBERS = ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine', 'Ten'];

function inWords(count: number): string {
  return NUMBERS[count] ?? String(count);
}

export const STAGES = ['absent', 'creating', 'installing', 'ready', 'letting-go', 'deleting'] as const;

export const STAGE_TEXTS: Readonly<Record<StatusDocument['farm']['stage'], string>> = {
  absent: 'Down',
  creating: 'Being raised',
  installing: 'Starting',
  ready: 'Up',
  'letting-go': 'Up, idle',
  deleting: 'Going down',
  broken: 'Broken',
  unknown: 'Not known',
};

/** What comes after the stage that the farm is in, and when. */
export function whatComesNext({ farm, leftovers, pools }: StatusDocument, now: number): string {
  const booting = pools.reduce((sum, pool) => sum + pool.booting, 0);
  switch (farm.stage) {
    case 'absent':
      if (leftovers === null) return 'Whether anything was left over is being looked up.';
      return leftovers.length === 0 ? 'Nothing runs and nothing was left over.' : 'Something was left over.';
    case 'creating':
      return 'Next: Flamenco is started on it, then workers are ordered.';
    case 'installing':
      return 'Next: the jobs are handed over and workers are ordered.';
    case 'ready':
      return booting > 0
        ? `Next: ${plural(booting, 'worker')} ${booting === 1 ? 'is' : 'are'} ready to render.`
        : 'When nothing is left to render it is taken down after a while.';
    case 'letting-go':
      return farm.endsAt === null ? 'It is kept up.' : goesDown(farm.endsAt, now);
    case 'deleting':
      return 'Next: a look whether anything was left over.';
    case 'broken':
      return 'It is taken down and raised anew.';
    default:
      return 'Nothing is changed until it can be seen again.';
  }
}

function goesDown(endsAt: string, now: number): string {
  const seconds = (Date.parse(endsAt) - now) / 1000;
  return seconds <= 0
    ? 'It is taken down now.'
    : `It is taken down in ${durationText(seconds)}, at ${clockText(Date.parse(endsAt), now)}.`;
}

export function isUp({ farm }: StatusDocument): boolean {
  return !['absent', 'deleting', 'unknown'].includes(farm.stage);
}

/** What taking the farm down now would lose, each as a sentence. */
export function lostByTeardown({ runs, pools }: StatusDocument): readonly string[] {
  const rendering = runs.filter(({ state }) => state === 'rendering');
  const active = rendering.reduce((sum, run) => sum + run.frames.active, 0);
  const workers = pools.reduce(
    (sum, { busy, idle, booting, draining }) => sum + busy + idle + booting + draining,
    0,
  );
  const lines = [
    active > 0
      ? `${plural(active, 'frame')} in work ${active === 1 ? 'is' : 'are'} lost and will be rendered again; finished frames stay.`
      : 'No frame is in work: nothing is lost.',
  ];
  if (workers > 0) lines.push(`${plural(workers, 'worker')} ${workers === 1 ? 'ends' : 'end'} at once.`);
  if (rendering.length > 0)
    lines.push(
      `${plural(rendering.length, 'shot')} then ${rendering.length === 1 ? 'waits' : 'wait'}, paused, until you resume.`,
    );
  return lines;
}

/** What an hour more of an idle farm costs, as far as the status says it. */
export function costOfHour({ pools }: StatusDocument): string {
  const dearest = Math.max(0, ...pools.map(({ pricePerHour }) => pricePerHour));
  return dearest === 0
    ? 'On this machine that costs nothing but memory.'
    : `An hour of a worker costs ${dollarsText(dearest)}, beside what the farm itself costs.`;
}

/** What cancelling a run loses. */
export function lostByCancel({ frames }: RunStatus): readonly string[] {
  const lines: string[] = [];
  if (frames.total > 0)
    lines.push(
      `${frames.done} of ${plural(frames.total, 'frame')} ${frames.done === 1 ? 'is' : 'are'} done and stay${frames.done === 1 ? 's' : ''}.`,
    );
  if (frames.active > 0) lines.push(`What is in work (${plural(frames.active, 'task')}) is lost.`);
  lines.push('You can render the rest later.');
  return lines;
}
