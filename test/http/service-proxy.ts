import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export const PREFIX = '/api/v1/namespaces/tablao/services/http:tablao-manager:8080/proxy';
export const TOKEN = 'Bearer of-the-service';

const PAGE = '<a href="/app/jobs">jobs</a><script src="/app/assets/main.js"></script>';

/** A Kubernetes API server that passes on to Flamenco Manager and rewrites what it says, as the real one does. */
export async function startServiceProxy(t: TestContext) {
  const seen: Pick<IncomingMessage, 'method' | 'url' | 'headers'>[] = [];
  const state = { isReady: true };
  const status = (code: number, message: string) =>
    JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code });
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push(request);
    const json = (code: number, text: string) =>
      response.writeHead(code, { 'content-type': 'application/json' }).end(text);
    if (request.headers.authorization !== TOKEN) return json(401, status(401, 'Unauthorized'));
    if (!request.url?.startsWith(PREFIX)) return json(404, status(404, 'no such thing'));
    if (!state.isReady) return json(503, status(503, 'no endpoints available for service "tablao-manager"'));
    const path = request.url.slice(PREFIX.length);
    if (path === '/app/')
      return response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'set-cookie': 'a=b' })
        .end(PAGE.replaceAll('"/', `"${PREFIX}/`));
    if (path === '/app/old') return response.writeHead(302, { location: `${PREFIX}/app/new?x=1` }).end();
    if (path === '/api/v3/jobs/none') return json(404, '{"code":404,"message":"no such job"}');
    return json(200, JSON.stringify({ path, body }));
  });
  server.on('upgrade', (request, socket) => {
    seen.push(request);
    const key = request.headers['sec-websocket-key'];
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
    socket.write(Buffer.from([0x81, 5, ...Buffer.from('hello')]));
    socket.on('error', () => {});
    t.after(() => socket.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    seen,
    state,
    manager: { prefix: PREFIX, find: async () => ({ origin, headers: { authorization: TOKEN } }) },
  };
}
