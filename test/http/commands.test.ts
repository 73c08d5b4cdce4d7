import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunRecord } from '../../services/control/core/run.ts';
import { PortError } from '../../services/control/ports/errors.ts';
import { aRun, type Bench, commandsIn, JSON_TYPE, makeApp } from './app-for-tests.ts';

async function post(bench: Bench, url: string, body: unknown = {}, headers: Record<string, string> = {}) {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  return bench.app.inject({ method: 'POST', url, headers: { ...JSON_TYPE, ...headers }, payload });
}

async function withRun(bench: Bench, overrides: Partial<RunRecord>): Promise<Bench> {
  await bench.records.overwrite('runs/r1.json', aRun(overrides));
  return bench;
}

const SETTLING = { code: 'settling', message: 'm', action: null };
const NEEDS_SCRIPTS = { code: 'needsScripts', message: 'm', action: null };

describe('POST /runs/<id>/…', () => {
  for (const [route, run, body, command] of [
    ['cancel', { state: 'rendering' }, {}, { kind: 'cancel' }],
    ['cancel', { state: 'held' }, {}, { kind: 'cancel' }],
    [
      'again',
      { state: 'failed' },
      { frames: '1-3', samples: 8 },
      { kind: 'again', settings: { frames: '1-3', samples: 8 } },
    ],
    ['again', { state: 'completed' }, {}, { kind: 'again', settings: {} }],
    ['release', { state: 'held' }, {}, { kind: 'release' }],
    ['release', { state: 'waiting', reason: SETTLING, admittedAt: null }, {}, { kind: 'release' }],
    ['allow-scripts', { state: 'waiting', reason: NEEDS_SCRIPTS }, {}, { kind: 'allowScripts' }],
  ] as const)
    it(`writes ${route} of a ${run.state} run down and kicks the tick`, async (t) => {
      const bench = await withRun(makeApp(t), run);
      const answer = await post(bench, `/runs/r1/${route}`, body);
      assert.equal(answer.statusCode, 202, answer.body);
      assert.deepEqual(commandsIn(bench), [{ runId: 'r1', by: null, ...command }]);
      assert.equal(bench.kicks, 1);
      const { id } = answer.json();
      assert.deepEqual(await bench.records.list('commands/'), [`commands/${id}.json`]);
    });

  for (const [route, run] of [
    ['cancel', { state: 'completed' }],
    ['again', { state: 'rendering' }],
    ['again', { state: 'held' }],
    ['release', { state: 'waiting' }],
    ['allow-scripts', { state: 'waiting' }],
  ] as const)
    it(`refuses ${route} of a ${run.state} run and says what to do`, async (t) => {
      const bench = await withRun(makeApp(t), run);
      const answer = await post(bench, `/runs/r1/${route}`);
      assert.equal(answer.statusCode, 409);
      assert.ok(answer.json().error.message.includes(run.state));
      assert.ok(answer.json().error.action.length > 10);
      assert.deepEqual(commandsIn(bench), []);
    });

  it('knows no run that is not there', async (t) => {
    assert.equal((await post(makeApp(t), '/runs/nope/cancel')).statusCode, 404);
  });

  it('names a misspelled setting and the nearest known one', async (t) => {
    const bench = await withRun(makeApp(t), { state: 'failed' });
    const answer = await post(bench, '/runs/r1/again', { sample: 4 });
    assert.equal(answer.statusCode, 400);
    assert.match(answer.json().error.message, /"sample".*"samples"/);
  });

  it('keeps the order of what was asked in the names', async (t) => {
    const bench = await withRun(makeApp(t), { state: 'held' });
    const first = (await post(bench, '/runs/r1/release')).json().id;
    bench.clock.advance(1);
    const second = (await post(bench, '/runs/r1/cancel')).json().id;
    assert.ok(first < second);
  });
});

describe('POST /farm/…', () => {
  it('takes wake with and without minutes, teardown, pause and resume', async (t) => {
    const bench = makeApp(t);
    assert.equal((await post(bench, '/farm/wake', '')).statusCode, 202);
    assert.equal((await post(bench, '/farm/wake', { minutes: 5 })).statusCode, 202);
    for (const word of ['teardown', 'pause', 'resume'])
      assert.equal((await post(bench, `/farm/${word}`)).statusCode, 202);
    assert.deepEqual(commandsIn(bench), [
      { kind: 'wake', by: null, minutes: 30 },
      { kind: 'wake', by: null, minutes: 5 },
      { kind: 'teardown', by: null },
      { kind: 'pause', by: null },
      { kind: 'resume', by: null },
    ]);
  });

  it('is taken, and said to be, also when the tick cannot be kicked: the next one obeys', async (t) => {
    const kick = async () => {
      throw new PortError('denied', 'kicking the tick');
    };
    const bench = makeApp(t, { ticker: { kick } });
    assert.equal((await post(bench, '/farm/teardown')).statusCode, 202);
    assert.deepEqual(commandsIn(bench), [{ kind: 'teardown', by: null }]);
    assert.match(bench.lines.join(''), /"tick not kicked"/);
  });

  for (const body of [{ minutes: -1 }, { minutes: 1441 }, { minute: 5 }, '[', 'null'])
    it(`refuses ${JSON.stringify(body)} to wake`, async (t) => {
      const bench = makeApp(t);
      assert.equal((await post(bench, '/farm/wake', body)).statusCode, 400);
      assert.deepEqual(commandsIn(bench), []);
    });
});

describe('who may change something', () => {
  for (const [name, headers, status] of [
    ['a form of another site', { 'content-type': 'text/plain' }, 415],
    ['a name that another site points here', { host: 'evil.example' }, 421],
    ['a name that begins like ours', { host: 'localhost.evil.example' }, 421],
    ['a script of another site', { origin: 'https://evil.example' }, 403],
    ['a frame without an origin', { origin: 'null' }, 403],
    [
      'another program on this machine with a page',
      { host: 'localhost:8080', origin: 'http://localhost:3000' },
      403,
    ],
    ['a link from another site', { 'sec-fetch-site': 'cross-site' }, 403],
  ] as const)
    it(`keeps out ${name}`, async (t) => {
      const bench = makeApp(t);
      const answer = await post(bench, '/farm/teardown', {}, headers);
      assert.equal(answer.statusCode, status, answer.body);
      assert.ok(answer.json().error.action.length > 10);
      assert.deepEqual(commandsIn(bench), []);
    });

  for (const [name, headers] of [
    [
      'our own page',
      { host: '127.0.0.1:8080', origin: 'http://127.0.0.1:8080', 'sec-fetch-site': 'same-origin' },
    ],
    ['our own page over IPv6', { host: '[::1]:8080', origin: 'http://[::1]:8080' }],
    ['a program', { host: 'LOCALHOST:9' }],
  ] as const)
    it(`lets in ${name}`, async (t) => {
      assert.equal((await post(makeApp(t), '/farm/pause', {}, headers)).statusCode, 202);
    });

  it('does not show the status under another site’s name either', async (t) => {
    const answer = await makeApp(t).app.inject({ url: '/status', headers: { host: 'evil.example' } });
    assert.equal(answer.statusCode, 421);
  });

  it('answers an unknown route as JSON', async (t) => {
    const answer = await makeApp(t).app.inject('/wp-login.php?x=1');
    assert.deepEqual([answer.statusCode, answer.json().error.code], [404, 'noSuchRoute']);
  });
});
