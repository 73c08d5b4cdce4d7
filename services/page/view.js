// Draws a status. Everything that comes from outside becomes text (textContent): nothing is ever read as HTML.
import {
  actionsOf,
  agoText,
  costText,
  dollarsText,
  etaText,
  forText,
  framesText,
  isFinal,
  monthText,
  renderUrl,
  saysMore,
  toneOf,
  workersText,
} from './format.js';

const MAX_DECISIONS = 30;

const ACTION_TEXTS = {
  cancel: 'Cancel',
  again: 'Render again',
  release: 'Release',
  'allow-scripts': 'Allow its scripts',
};

const STAGE_TEXTS = {
  absent: 'down',
  creating: 'being raised',
  installing: 'starting',
  ready: 'up',
  'letting-go': 'up, idle',
  deleting: 'going down',
  broken: 'broken',
  unknown: 'not known',
};

/**
 * Draws what has changed and leaves the rest, so that no button moves under the pointer or loses the focus.
 * `act(what)` is called when a button is pressed.
 */
export function drawStatus(status, now, act) {
  const { farm, sentence, pools, money, leftovers } = status;
  drawKeyed(document.getElementById('farm'), [
    { id: 'farm', of: { farm, sentence, pools, money, leftovers }, draw: () => farmCard(status, act) },
  ]);
  const runs = status.runs.map((run) => ({ id: run.id, of: run, draw: () => runCard(run, act) }));
  const noRuns = 'Nothing yet. Put a .blend into the scenes folder, and it is rendered.';
  drawKeyed(document.getElementById('runs'), runs.length > 0 ? runs : [nothing('p', noRuns)]);
  const decisions = status.decisions
    .slice(0, MAX_DECISIONS)
    .map((one, at) => ({ id: String(at), of: one, draw: () => decisionItem(one) }));
  drawKeyed(
    document.getElementById('decisions'),
    decisions.length > 0 ? decisions : [nothing('li', 'Nothing yet.')],
  );
  for (const one of document.querySelectorAll('[data-ago]')) one.textContent = agoText(one.dateTime, now);
  for (const one of document.querySelectorAll('[data-for]')) one.textContent = forText(one.dateTime, now);
}

/** Each part is drawn anew only when what it is of has changed. */
function drawKeyed(list, parts) {
  const before = new Map([...list.children].map((child) => [child.dataset.id, child]));
  const shown = parts.map(({ id, of, draw }) => {
    const key = JSON.stringify(of);
    const old = before.get(id);
    if (old?.dataset.key === key) return old;
    const made = draw();
    made.dataset.id = id;
    made.dataset.key = key;
    return made;
  });
  const isSame = shown.length === list.children.length && shown.every((one, at) => one === list.children[at]);
  if (!isSame) list.replaceChildren(...shown);
}

function nothing(tag, text) {
  return { id: 'nothing', of: text, draw: () => element(tag, { class: 'nothing' }, text) };
}

function farmCard({ farm, sentence, pools, money, leftovers }, act) {
  const isUp = !['absent', 'deleting', 'unknown'].includes(farm.stage);
  return element(
    'div',
    {},
    element('p', { class: 'sentence' }, sentence),
    element(
      'dl',
      { class: 'facts' },
      fact('Farm', STAGE_TEXTS[farm.stage] ?? farm.stage, timeOf(farm.since, 'for')),
      ...pools.map((pool) => fact(`Workers ${pool.name}`, workersText(pool), `${pool.wanted} wanted`)),
      ...moneyFacts(money),
      ...(leftovers === null || leftovers.length === 0 ? [] : [fact('Left over', leftovers.join(', '), '')]),
    ),
    ...(farm.reason === null ? [] : [element('p', { class: 'reason' }, farm.reason)]),
    element(
      'p',
      { class: 'actions' },
      farm.isPaused ? button('Resume', () => act('farm/resume')) : button('Pause', () => act('farm/pause')),
      isUp ? button('Take down', () => act('farm/teardown')) : button('Wake', () => act('farm/wake')),
      ...(isUp ? [element('a', { href: '/app/', class: 'button' }, 'Flamenco')] : []),
    ),
  );
}

function moneyFacts({ today, month, cap }) {
  if (month <= 0 && cap === null) return [];
  return [fact('Spent', `${dollarsText(today)} today`, monthText(month, cap))];
}

function runCard(run, act) {
  const facts = [framesText(run.frames), etaText(run.etaSeconds), costText(run.dollars)].filter(Boolean);
  return element(
    'article',
    { class: `run ${toneOf(run.state)}` },
    thumbnail(run),
    element(
      'div',
      { class: 'about' },
      element(
        'h3',
        {},
        element('span', { class: 'shot' }, run.shot),
        ...(run.version === null ? [] : [' ', element('span', { class: 'version' }, run.version)]),
      ),
      element(
        'p',
        { class: 'state' },
        element('strong', {}, run.state),
        ' ',
        timeOf(run.since, isFinal(run.state) ? 'ago' : 'for'),
      ),
      ...(run.frames.total > 0 ? [progress(run)] : []),
      ...(facts.length === 0 ? [] : [element('p', { class: 'numbers' }, facts.join(' · '))]),
      ...reasonParts(run.reason),
      ...(run.warnings.length === 0
        ? []
        : [element('ul', { class: 'warnings' }, ...run.warnings.map((text) => element('li', {}, text)))]),
      element(
        'p',
        { class: 'actions' },
        ...actionsOf(run).map((what) =>
          button(ACTION_TEXTS[what], () => act(`runs/${run.id}/${what}`), run.shot),
        ),
      ),
    ),
  );
}

function thumbnail({ thumbnail: path, shot }) {
  if (path === null) return element('div', { class: 'picture empty' });
  const picture = element('img', { class: 'picture', src: renderUrl(path), alt: `Newest frame of ${shot}` });
  picture.addEventListener('error', () => picture.classList.add('empty'));
  return picture;
}

function progress({ frames, shot }) {
  return element('progress', {
    max: frames.total,
    value: frames.done,
    'aria-label': `${frames.done} of ${frames.total} frames of ${shot}`,
  });
}

function reasonParts(reason) {
  if (reason === null) return [];
  return [
    element('p', { class: 'reason' }, reason.message),
    ...(reason.action === null ? [] : [element('p', { class: 'advice' }, reason.action)]),
  ];
}

function decisionItem({ at, what, reason }) {
  return element(
    'li',
    {},
    timeOf(at, 'ago'),
    element('span', { class: 'what' }, what),
    ...(saysMore(what, reason) ? [element('span', { class: 'why' }, reason)] : []),
  );
}

/** How long ago something was, or for how long it has been so; `drawStatus` keeps both up to date. */
function timeOf(at, how) {
  return element('time', { datetime: at, title: new Date(at).toLocaleString(), [`data-${how}`]: '' });
}

function fact(name, value, more) {
  return element(
    'div',
    {},
    element('dt', {}, name),
    element('dd', {}, value, ' ', element('small', {}, more)),
  );
}

function button(text, onClick, about) {
  const one = element(
    'button',
    { type: 'button', ...(about ? { 'aria-label': `${text}: ${about}` } : {}) },
    text,
  );
  one.addEventListener('click', () => {
    one.disabled = true;
    onClick().finally(() => {
      one.disabled = false;
    });
  });
  return one;
}

/** Children that are strings become text nodes. */
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
