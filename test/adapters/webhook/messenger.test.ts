import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bodyOf } from '../../../services/control/adapters/webhook/body.ts';
import { createWebhook } from '../../../services/control/adapters/webhook/messenger.ts';
import type { Message } from '../../../services/control/core/outbox.ts';
import { PortError } from '../../../services/control/ports/errors.ts';
import { isSigned, SECRET, startReceiver } from './receiver.ts';

const AT = 1_764_331_200_000;
const clock = { now: () => AT + 999 };
const MESSAGE: Message = {
  id: 'msg_1',
  type: 'run.completed',
  at: AT,
  message: 'film/<!channel> & "é" is done.',
  data: { run: { id: 'r1' } },
};

/** What was thrown: its code and words. */
async function failure(sending: Promise<void>): Promise<PortError> {
  const error = await sending.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof PortError, String(error));
  return error;
}

describe('a webhook', () => {
  test('posts JSON that is signed as Standard Webhooks has it', async (t) => {
    const receiver = await startReceiver(t);
    await createWebhook({ url: receiver.url, secret: SECRET, clock }).send(MESSAGE);
    const [received, ...others] = receiver.got;
    assert.ok(received);
    assert.deepEqual(others, []);
    assert.equal(received.path, '/hooks/tablao');
    assert.equal(received.headers['content-type'], 'application/json');
    assert.equal(received.headers['webhook-id'], 'msg_1');
    assert.equal(received.headers['webhook-timestamp'], '1764331200');
    assert.ok(isSigned(received));
    assert.ok(!isSigned({ ...received, body: `${received.body} ` }));
    assert.deepEqual(JSON.parse(received.body), {
      type: 'run.completed',
      timestamp: '2025-11-28T12:00:00.000Z',
      text: 'film/&lt;!channel&gt; &amp; "é" is done.',
      data: { message: MESSAGE.message, run: { id: 'r1' } },
    });
  });

  test('has the signature that the reference implementation has', async () => {
    // By standardwebhooks 1.1.1: sign('msg_1', 2025-11-28T12:00:00Z, '{"a":"é"}').
    const received = {
      headers: {
        'webhook-id': 'msg_1',
        'webhook-timestamp': '1764331200',
        'webhook-signature': 'v1,7xi4Q5cRliiyonV4cN29WWuzNcL7g1ue7jFJpTzQEUM=',
      },
      path: '',
      body: '{"a":"é"}',
    };
    assert.ok(isSigned(received));
  });

  test('without a secret says who it is, and signs nothing', async (t) => {
    const receiver = await startReceiver(t);
    await createWebhook({ url: receiver.url, secret: null, clock }).send(MESSAGE);
    const headers = receiver.got[0]?.headers ?? {};
    assert.equal(headers['webhook-id'], 'msg_1');
    assert.equal('webhook-signature' in headers, false);
  });

  for (const [status, code] of [
    [200, null],
    [202, null],
    [301, 'denied'],
    [307, 'denied'],
    [400, 'invalid'],
    [401, 'denied'],
    [404, 'denied'],
    [408, 'transient'],
    [410, 'denied'],
    [413, 'invalid'],
    [429, 'transient'],
    [500, 'transient'],
    [503, 'transient'],
  ] as const)
    test(`that is answered ${status} ${code === null ? 'has been taken' : `is ${code}`}`, async (t) => {
      const receiver = await startReceiver(t);
      const elsewhere = await startReceiver(t);
      receiver.answer = (response) => response.writeHead(status, { location: elsewhere.url }).end('words');
      const sending = createWebhook({ url: receiver.url, secret: SECRET, clock }).send(MESSAGE);
      if (code === null) await sending;
      else {
        const error = await failure(sending);
        assert.equal(error.code, code);
        assert.match(error.message, new RegExp(`answered ${status}`));
      }
      assert.deepEqual(elsewhere.got, [], 'nobody is sent elsewhere');
    });

  test('that nobody answers is given up, and its address is in no error', async (t) => {
    const receiver = await startReceiver(t);
    receiver.answer = () => {};
    const { url } = receiver;
    const slow = await failure(createWebhook({ url, secret: SECRET, clock, timeoutMs: 50 }).send(MESSAGE));
    assert.deepEqual([slow.code, /no answer in time/.test(slow.message)], ['transient', true]);
    const closed = 'http://127.0.0.1:9/hooks/s3cret';
    const refused = await failure(createWebhook({ url: closed, secret: SECRET, clock }).send(MESSAGE));
    assert.equal(refused.code, 'transient');
    for (const error of [slow, refused]) {
      const said = `${error.stack} ${JSON.stringify(error.cause)} ${(error.cause as Error).stack}`;
      assert.doesNotMatch(said, /hooks|s3cret|whsec/);
    }
  });

  test('whose answer never ends is taken all the same', async (t) => {
    const receiver = await startReceiver(t);
    receiver.answer = (response) => {
      response.writeHead(200);
      const more = setInterval(() => response.write('more'), 1);
      response.on('close', () => clearInterval(more));
    };
    await createWebhook({ url: receiver.url, secret: SECRET, clock }).send(MESSAGE);
  });
});

describe('the body for Slack', () => {
  test('is its text and nothing else', () => {
    for (const host of ['hooks.slack.com', 'hooks.slack-gov.com'])
      assert.deepEqual(JSON.parse(bodyOf(MESSAGE, host)), {
        text: 'film/&lt;!channel&gt; &amp; "é" is done.',
      });
    assert.equal(JSON.parse(bodyOf(MESSAGE, 'hooks.slack.com.example')).type, 'run.completed');
  });
});
