import { resourceOf, type StoredObject } from './storage/objects.ts';

/** A message as a topic takes it. */
export interface PubsubMessage {
  readonly attributes: Readonly<Record<string, string>>;
  /** Base64. */
  readonly data: string;
}

/** What Cloud Storage's own notification tells of an object that has been written. */
export function finalizeMessage(object: StoredObject): PubsubMessage {
  const { bucket, name, generation, createdAt } = object;
  return {
    attributes: {
      ...{ eventType: 'OBJECT_FINALIZE', bucketId: bucket, objectId: name, objectGeneration: generation },
      ...{ payloadFormat: 'JSON_API_V1', eventTime: new Date(createdAt).toISOString() },
      notificationConfig: `projects/_/buckets/${bucket}/notificationConfigs/1`,
    },
    data: Buffer.from(JSON.stringify(resourceOf(object, 'www.googleapis.com'))).toString('base64'),
  };
}

interface Options {
  readonly endpoint: string;
  /** The OIDC token of the subscription's account; `null` = it sends none. */
  readonly token: (() => string) | null;
  /** A delivery without an answer for so long is made again. */
  readonly ackDeadlineMs?: number;
  /** Doubles with each retry, up to 60 times as long. */
  readonly retryMs?: number;
}

/** What becomes of the next messages: never sent, sent twice, or sent so many milliseconds late. */
type Fate = 'lost' | 'doubled' | number;

/** HTTP statuses that Pub/Sub takes for "done". */
const ACKNOWLEDGED = [102, 200, 201, 202, 204];
const SUBSCRIPTION = 'projects/p/subscriptions/tablao-scenes';

/** A push subscription: at least once, in no order, again and again until it is acknowledged. */
export function startPush(
  t: { after(fn: () => unknown): void },
  { endpoint, token, ackDeadlineMs = 10_000, retryMs = 200 }: Options,
) {
  const fates: Fate[] = [];
  /** The status of each delivery, in order; 0 = no answer. */
  const answers: number[] = [];
  const open = new Set<Promise<void>>();
  const ended = new AbortController();
  t.after(() => ended.abort());
  let messages = 0;

  async function deliver(message: PubsubMessage, messageId: string): Promise<void> {
    const publishTime = new Date().toISOString();
    // Google tells both under two names.
    const stamps = { messageId, message_id: messageId, publishTime, publish_time: publishTime };
    const body = JSON.stringify({ message: { ...message, ...stamps }, subscription: SUBSCRIPTION });
    for (let wait = retryMs; !ended.signal.aborted; wait = Math.min(wait * 2, retryMs * 60)) {
      const status = await push(body);
      if (ended.signal.aborted) return;
      answers.push(status);
      if (ACKNOWLEDGED.includes(status)) return;
      await sleep(wait, ended.signal);
    }
  }

  async function push(body: string): Promise<number> {
    const headers = {
      ...{
        'content-type': 'application/json',
        'user-agent': 'APIs-Google; (+https://developers.google.com)',
      },
      ...(token !== null && { authorization: `Bearer ${token()}` }),
    };
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(ackDeadlineMs)]);
    try {
      return (await fetch(endpoint, { method: 'POST', headers, body, signal })).status;
    } catch {
      return 0;
    }
  }

  function send(message: PubsubMessage, lateMs: number, id: string): void {
    const sent = sleep(lateMs, ended.signal).then(() => deliver(message, id));
    open.add(sent);
    void sent.finally(() => open.delete(sent));
  }

  return {
    answers,
    publish: (message: PubsubMessage) => {
      messages += 1;
      const fate = fates.shift() ?? 0;
      if (fate === 'lost') return;
      send(message, fate === 'doubled' ? 0 : fate, String(messages));
      if (fate === 'doubled') send(message, 0, String(messages));
    },
    /** What becomes of the next messages, in their order; the others are sent once and at once. */
    decide: (...next: readonly Fate[]) => void fates.push(...next),
    /** Once nothing is on its way any more. */
    settled: async () => {
      while (open.size > 0) await Promise.all(open);
    },
  };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (ms === 0 || signal.aborted) return done();
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      done();
    });
  });
}
