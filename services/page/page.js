// Asks for the status now and then, and sends what people want.
import { agoText } from './format.js';
import { drawStatus } from './view.js';

const MOVING_MS = 1500;
const RESTING_MS = 10_000;
/** After a button was pressed something is about to move, although the status does not say so yet. */
const EXPECTING_MS = 20_000;

const asOf = document.getElementById('as-of');
const notice = document.getElementById('notice');

let status = null;
let etag = null;
let isStale = false;
let isMoving = true;
let expectingUntil = 0;
let lookAhead = null;
/** How far this machine's clock is from the service's. */
let clockOffset = 0;

async function look() {
  clearTimeout(lookAhead);
  try {
    await readStatus();
  } catch {
    asOf.textContent = `The service does not answer${status === null ? '.' : `; this is from ${ago()}.`}`;
    asOf.classList.add('stale');
  }
  const isSoon = isMoving || Date.now() < expectingUntil;
  if (!document.hidden) lookAhead = setTimeout(look, isSoon ? MOVING_MS : RESTING_MS);
}

async function readStatus() {
  const answer = await fetch('/status', {
    cache: 'no-store',
    headers: etag === null ? {} : { 'if-none-match': etag },
  });
  if (answer.status !== 304 && !answer.ok) throw new Error(`status ${answer.status}`);
  if (answer.status !== 304) status = await answer.json();
  etag = answer.headers.get('etag');
  isStale = answer.headers.get('x-tablao-stale') === 'true';
  isMoving = answer.headers.get('x-tablao-moving') === 'true';
  clockOffset = Date.parse(answer.headers.get('date')) - Date.now() || 0;
  drawStatus(status, now(), act);
  asOf.textContent = isStale ? `Last looked at ${ago()}: this may not be so any more.` : `As of ${ago()}`;
  asOf.classList.toggle('stale', isStale);
}

/** Sends what a button means; what the service has to say against it is shown. */
async function act(what) {
  try {
    const answer = await fetch(`/${what}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    const { error } = await answer.json();
    say(error === undefined ? null : `${error.message} ${error.action}`);
  } catch {
    say('The service does not answer. Try again in a moment.');
  }
  expectingUntil = Date.now() + EXPECTING_MS;
  await look();
}

function say(text) {
  notice.textContent = text ?? '';
  notice.hidden = text === null;
}

function now() {
  return Date.now() + clockOffset;
}

function ago() {
  return agoText(status.asOf, now());
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void look();
});
void look();
