import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isSigned, type Received, SECRET, startReceiver } from '../adapters/webhook/receiver.ts';
import { makeFlatShots } from '../e2e/flat-shots.ts';
import { cannotRender, startService, until, untilAtRest, untilRun } from '../e2e/service.ts';

/** A name that would ping everybody, if a program took it for more than a name. */
const SHOT = 'a&b <!channel>';

interface Told {
  readonly type: string;
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const toldIn = ({ body }: Received) => JSON.parse(body) as Told;
const idOf = ({ headers }: Received) => String(headers['webhook-id']);

describe('messages of the service', { skip: cannotRender }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-messages-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

  test('get through, signed and once each, although the service is killed and the receiver is hung, elsewhere, broken', async (t) => {
    const receiver = await startReceiver(t);
    const elsewhere = await startReceiver(t);
    const answers: ((response: ServerResponse) => void)[] = [
      () => {},
      (response) => response.writeHead(307, { location: elsewhere.url }).end(),
      (response) => response.writeHead(500).end('broken'),
    ];
    receiver.answer = (response) => {
      const answer = answers.shift() ?? ((to: ServerResponse) => to.writeHead(200).end('ok'));
      answer(response);
    };
    const bucket = join(folder, 'bucket');
    mkdirSync(join(bucket, 'scenes'), { recursive: true });
    makeFlatShots([{ file: join(bucket, 'scenes', `${SHOT}.blend`), frames: 2 }]);
    const env = {
      CHECK_FIRST: 'never',
      NOTIFY_WEBHOOK_URL: receiver.url,
      NOTIFY_WEBHOOK_SECRET: SECRET,
    };
    const first = await startService(t, { bucket, env });
    await until('the first message', async () => receiver.got.length > 0);
    await first.kill();
    const service = await startService(t, { bucket, env });
    await untilRun(service, SHOT, ['completed']);
    const { messages } = await untilAtRest(service);
    assert.ok((messages?.waiting ?? 0) <= 3, 'no rendering has waited for them');
    const { status } = await until('all messages', async () => {
      // The regular tick comes once a minute at rest.
      await service.post('/tick', {});
      const { messages: left } = await service.status();
      return left?.waiting === 0 && receiver.got.some((one) => toldIn(one).type === 'farm.down')
        ? { status: left }
        : undefined;
    });
    assert.deepEqual(status, { waiting: 0, failure: null, lost: 0, lostReason: null });
    assert.equal(await service.stop(), 0);

    assert.ok(receiver.got.every(isSigned));
    assert.deepEqual(elsewhere.got, [], 'a redirect is not followed');
    const once = [...new Map(receiver.got.map((one) => [idOf(one), toldIn(one)])).values()];
    const types = once.map(({ type }) => type);
    assert.deepEqual(types.slice(-2), ['run.completed', 'farm.down']);
    assert.deepEqual(
      types.filter((type) => type !== 'run.started'),
      types.slice(-2),
    );
    const completed = once.find(({ type }) => type === 'run.completed');
    assert.ok(completed);
    assert.equal(completed.text, 'a&amp;b &lt;!channel&gt; v001 is done: 2 frames.');
    const { shot, frames } = completed.data.run as { shot: string; frames: unknown };
    assert.deepEqual([shot, frames], [SHOT, { total: 2, done: 2, failing: '' }]);
    assert.deepEqual(once.at(-1)?.data.leftovers, []);
    const [hung, again] = receiver.got;
    assert.equal(hung && idOf(hung), again && idOf(again), 'what was under way when it was killed');
    const state = join(bucket, '.tablao');
    const written = ['tablao.log', 'messages.json', 'status.json'].map((name) =>
      readFileSync(join(state, name)),
    );
    assert.doesNotMatch(`${first.said()}${service.said()}${written.join()}`, /whsec_|hooks\/tablao/);
  });
});
