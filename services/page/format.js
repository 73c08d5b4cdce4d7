// How numbers and times are said to people. Pure functions: tested in Node, run in browsers.

/** `40 s`, `3 min`, `1 h 20 min`: as exact as an estimate is worth. */
export function durationText(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes >= 48 * 60) return `${Math.round(minutes / 1440)} days`;
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** `about 12 min left (9 min to 20 min)`; the band only where it says more than the middle. */
export function etaText(eta) {
  if (eta === null) return '';
  const [low, middle, high] = [eta.p10, eta.p50, eta.p90].map(durationText);
  const band = low === high ? '' : ` (${low} to ${high})`;
  return `about ${middle} left${band}`;
}

/** Cents under 10 dollars, then whole dollars are enough; what costs less than a cent says so. */
export function dollarsText(dollars) {
  if (dollars <= 0) return '$0';
  if (dollars < 0.01) return 'under 1 ¢';
  return dollars < 10 ? `$${dollars.toFixed(2)}` : `$${Math.round(dollars).toLocaleString('en-US')}`;
}

/** Spent so far, and what it will come to; empty where rendering costs nothing (one's own machine). */
export function costText(dollars) {
  if (dollars.soFar <= 0 && dollars.p90 <= 0) return '';
  const soFar = dollarsText(dollars.soFar);
  return dollars.p50 > dollars.soFar ? `${soFar} so far, ${dollarsText(dollars.p50)} in all` : soFar;
}

/** `$3.20 of $50 this month` */
export function monthText(month, cap) {
  return cap === null
    ? `${dollarsText(month)} this month, no cap`
    : `${dollarsText(month)} of ${dollarsText(cap)} this month`;
}

export function agoText(at, now) {
  const seconds = Math.max(0, (now - Date.parse(at)) / 1000);
  return seconds < 5 ? 'just now' : `${durationText(seconds)} ago`;
}

/** For what still is so: `for 7 min`. */
export function forText(since, now) {
  return `for ${durationText(Math.max(0, (now - Date.parse(since)) / 1000))}`;
}

/** `18 of 24 frames, 2 in work, 1 failed` */
export function framesText({ total, done, active, failed }) {
  if (total === 0) return '';
  const parts = [`${done} of ${total} ${total === 1 ? 'frame' : 'frames'}`];
  if (active > 0) parts.push(`${active} in work`);
  if (failed > 0) parts.push(`${failed} failed`);
  return parts.join(', ');
}

/** `2 busy, 1 booting`; `none` when there are none. */
export function workersText(pool) {
  const parts = ['busy', 'idle', 'booting', 'draining'].filter((state) => pool[state] > 0);
  return parts.length === 0 ? 'none' : parts.map((state) => `${pool[state]} ${state}`).join(', ');
}

/** Not for `farm: ready` because of `ready`. */
export function saysMore(what, reason) {
  return !what.endsWith(`: ${reason}`);
}

const FINAL_STATES = ['completed', 'incomplete', 'failed', 'rejected', 'cancelled', 'superseded'];

export function isFinal(state) {
  return FINAL_STATES.includes(state);
}

/** What a person can do with a run: the server decides again. */
export function actionsOf(run) {
  const actions = [];
  if (run.state === 'held') actions.push('release');
  if (run.reason?.code === 'needsScripts') actions.push('allow-scripts');
  if (isFinal(run.state)) actions.push('again');
  else actions.push('cancel');
  return actions;
}

/** The colour of a state: what goes well, what waits for someone, what went wrong, what is over. */
export function toneOf(state) {
  if (state === 'completed') return 'good';
  if (state === 'queued' || state === 'rendering' || state === 'received') return 'live';
  if (state === 'held' || state === 'waiting' || state === 'incomplete') return 'wait';
  return state === 'failed' || state === 'rejected' ? 'bad' : 'over';
}

/** A path in the renders bucket as an address here. */
export function renderUrl(path) {
  return `/renders/${path.split('/').map(encodeURIComponent).join('/')}`;
}
