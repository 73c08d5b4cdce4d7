import type { Band, PoolStatus, RunStatus } from '../control/core/status-document.ts';

// How numbers and times are said to people. Pure functions: tested in Node, run in browsers.

/** `40 s`, `3 min`, `1 h 20 min`: as exact as an estimate is worth. */
export function durationText(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes >= 48 * 60) return `${Math.round(minutes / 1440)} days`;
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** `about 12 min left (9 min to 20 min)`; the band only where it says more than the middle. */
export function etaText(eta: Band | null, like?: string): string {
  if (eta === null) return '';
  const [low = '', middle = '', high = ''] = [eta.p10, eta.p50, eta.p90].map(durationText);
  const band = low === high ? '' : ` (${low} to ${high})`;
  return `about ${middle} left${band}${like === undefined ? '' : `, if it is like ${like}`}`;
}

/** Cents under 10 dollars, then whole dollars are enough; what costs less than a cent says so. */
export function dollarsText(dollars: number): string {
  if (dollars <= 0) return '$0';
  if (dollars < 0.01) return 'under 1 ¢';
  return dollars < 10 ? `$${dollars.toFixed(2)}` : `$${Math.round(dollars).toLocaleString('en-US')}`;
}

/** Spent so far, and what it will come to with its band; empty where rendering costs nothing (one's own machine). */
export function costText(dollars: RunStatus['dollars']): string {
  const { soFar, p10, p50, p90 } = dollars;
  if (p10 === null || p50 === null || p90 === null) return soFar <= 0 ? '' : `${dollarsText(soFar)} so far`;
  if (soFar <= 0 && p90 <= 0) return '';
  if (p50 <= soFar) return dollarsText(soFar);
  const [low, high] = [dollarsText(p10), dollarsText(p90)];
  const band = low === high ? '' : ` (${low} to ${high})`;
  return `${dollarsText(soFar)} so far, about ${dollarsText(p50)} in all${band}`;
}

/** `$3.20 of $50 this month` */
export function monthText(month: number, cap: number | null): string {
  return cap === null
    ? `${dollarsText(month)} this month, no cap`
    : `${dollarsText(month)} of ${dollarsText(cap)} this month`;
}

export function agoText(at: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(at)) / 1000);
  return seconds < 5 ? 'just now' : `${durationText(seconds)} ago`;
}

/** For what still is so: `for 7 min`. */
export function forText(since: string, now: number): string {
  return `for ${durationText(Math.max(0, (now - Date.parse(since)) / 1000))}`;
}

/** `14:30`, as it is written where the reader is (`2:30 PM`), or with the day when it is not within the next half day. */
export function clockText(at: number, now: number): string {
  const isNear = Math.abs(at - now) < 12 * 3_600_000;
  const time = new Date(at).toLocaleTimeString([], CLOCK);
  return isNear ? time : `${new Date(at).toLocaleDateString([], { weekday: 'short' })} ${time}`;
}

/** Hours and minutes in the reader's own way; `2-digit` hours would be `02:30 PM`. */
export const CLOCK = { timeStyle: 'short' } as const;

/** When it is looked again, where that is worth saying: while things move, it is all the time. */
export function nextLookText(nextLookAt: string, now: number): string {
  const at = Date.parse(nextLookAt);
  return at - now < 60_000 ? '' : `; next look about ${clockText(at, now)}`;
}

/** `18 of 24 frames, 2 in work, 1 failed` */
export function framesText({ total, done, active, failed }: RunStatus['frames']): string {
  if (total === 0) return '';
  const parts = [`${done} of ${total} ${total === 1 ? 'frame' : 'frames'}`];
  if (active > 0) parts.push(`${active} in work`);
  if (failed > 0) parts.push(`${failed} failed`);
  return parts.join(', ');
}

/** `2 busy, 1 booting`; `none` when there are none. */
export function workersText(pool: Partial<PoolStatus>): string {
  const states = ['busy', 'idle', 'booting', 'draining'] as const;
  const parts = states.flatMap((state) => ((pool[state] ?? 0) > 0 ? [`${pool[state]} ${state}`] : []));
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** `1.4 GB`; the units of file managers. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`;
}

/** `3 frames`, `1 frame` */
export function plural(count: number, word: string): string {
  return `${count.toLocaleString('en-US')} ${word}${count === 1 ? '' : 's'}`;
}

/** Not for `farm: ready` because of `ready`. */
export function saysMore(what: string, reason: string): boolean {
  return !what.endsWith(`: ${reason}`);
}

/** A path in the renders bucket as an address here. */
export function renderUrl(path: string): string {
  return `/renders/${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** The last part of a path, and the folders before it. */
export function splitName(path: string): { readonly folder: string; readonly name: string } {
  const slash = path.lastIndexOf('/');
  return { folder: path.slice(0, slash + 1), name: path.slice(slash + 1) };
}
