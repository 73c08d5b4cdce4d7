import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const KEY = Buffer.from('0123456789abcdef0123456789abcdef');
export const SECRET = `whsec_${KEY.toString('base64')}`;

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  readonly got: Received[];
  /** How it answers from now on. */
  answer: (response: ServerResponse) => void;
}

/** Whoever `NOTIFY_WEBHOOK_URL` leads to: a server that keeps what it was sent. */
export async function startReceiver(t: { after(fn: () => unknown): void }): Promise<Receiver> {
  const got: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    got.push({ headers: request.headers, path: request.url ?? '', body });
    receiver.answer(response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hooks/tablao`,
    got,
    answer: (response) => response.writeHead(204).end(),
  };
  return receiver;
}

/** As the README tells receivers to. */
export function isSigned({ headers, body }: Received): boolean {
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const expected = createHmac('sha256', KEY).update(content).digest();
  const [version, given] = String(headers['webhook-signature']).split(',');
  const bytes = Buffer.from(given ?? '', 'base64');
  return version === 'v1' && bytes.length === expected.length && timingSafeEqual(bytes, expected);
}
