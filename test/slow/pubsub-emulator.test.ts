// Google's own Pub/Sub emulator pushes to our service: that its deliveries have the shape of our stand-in's.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../cloud/free-port.ts';
import { finalizeMessage, startPush } from '../gcp/pubsub.ts';
import { startStorage } from '../gcp/storage/stand-in.ts';
import { makeApp } from '../http/app-for-tests.ts';

const PATIENCE_MS = 90_000;
const skip = spawnSync('gcloud', ['version']).error === undefined ? false : 'gcloud is not on this machine';

test('Google’s Pub/Sub emulator delivers what our stand-in delivers, and the service takes it', {
  skip,
}, async (t) => {
  const emulator = await startEmulator(t);
  if (emulator === null) return t.skip('gcloud has no Pub/Sub emulator here');
  const bodies: { readonly body: unknown; readonly type: string }[] = [];
  const { app, records } = makeApp(t);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  // Between the two: sees what is delivered, refuses it once, then passes it on.
  const between = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const type = request.headers['content-type'] ?? '';
    bodies.push({ body: JSON.parse(body), type });
    if (bodies.length === 1) return response.writeHead(503).end();
    const headers = { 'content-type': type };
    const { status } = await fetch(`${url}/events/storage`, { method: 'POST', headers, body });
    response.writeHead(status).end();
  });
  await new Promise<void>((listening) => between.listen(0, '127.0.0.1', listening));
  t.after(() => between.close());
  const endpoint = `http://127.0.0.1:${(between.address() as AddressInfo).port}/events/storage`;

  const storage = await startStorage();
  t.after(() => storage.close());
  const message = finalizeMessage(storage.put('scenes', 'film/sh 010.blend', 'BLENDER'));
  await call(`${emulator}/topics/scenes`, 'PUT', {});
  await call(`${emulator}/subscriptions/scenes-push`, 'PUT', {
    ...{ topic: 'projects/p/topics/scenes', ackDeadlineSeconds: 10 },
    pushConfig: { pushEndpoint: endpoint },
  });
  await call(`${emulator}/topics/scenes:publish`, 'POST', { messages: [message] });
  await until(() => records.callsOf('create').length === 1);
  const path = 'film/sh 010.blend';
  const generation = storage.find('scenes', path)?.generation;
  assert.deepEqual(
    records.callsOf('create').map(([, value]) => value),
    [{ kind: 'uploaded', path, generation }],
  );

  const push = startPush(t, { endpoint, token: null });
  push.publish(message);
  await push.settled();
  const [refused, theirs, ours] = bodies;
  assert.deepEqual(shapeOf(theirs), shapeOf(refused));
  assert.deepEqual(shapeOf(ours), shapeOf(theirs));
});

/** Everything but what differs from one delivery to the next. */
function shapeOf(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner) =>
      /^(subscription|message_?id|publish_?time)$/i.test(key) ? typeof inner : sorted(inner),
    ),
  );
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort());
}

/** Its address with the project; `null` = this gcloud has none. Its processes end with the test. */
async function startEmulator(t: TestContext): Promise<string | null> {
  const dir = mkdtempSync(join(tmpdir(), 'tablao-pubsub-'));
  const port = await freePort();
  const args = [`--project=p`, `--host-port=127.0.0.1:${port}`, `--data-dir=${dir}`];
  const env = { ...process.env, CLOUDSDK_CORE_DISABLE_PROMPTS: '1', CLOUDSDK_CONFIG: join(dir, 'gcloud') };
  const child = spawn('gcloud', ['beta', 'emulators', 'pubsub', 'start', ...args], {
    ...{ env, detached: true },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data) => (said += data));
  t.after(() => {
    endGroup(child);
    rmSync(dir, { recursive: true, force: true });
  });
  const at = `http://127.0.0.1:${port}/v1/projects/p`;
  const isUp = () =>
    fetch(`http://127.0.0.1:${port}/`)
      .then(({ ok }) => ok)
      .catch(() => false);
  await until(
    async () => child.exitCode !== null || (await isUp()),
    () => said,
  );
  return child.exitCode === null ? at : null;
}

/** gcloud starts it as another process of its group. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

async function call(url: string, method: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.text());
}

async function until(
  isSo: () => boolean | Promise<boolean>,
  explain: () => string = () => '',
): Promise<void> {
  const endsAt = Date.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (Date.now() > endsAt) assert.fail(`it did not come: ${explain()}`);
    await delay(100);
  }
}
