import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { request as ask } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** A key and a certificate of it for `localhost`, for a day; `null` = openssl is not here. */
function newCertificate(): string | null {
  const { status, stdout } = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', '-', '-out', '-'],
  ]);
  return status === 0 ? String(stdout) : null;
}

const certificate = newCertificate();

/** Why these tests cannot run here; `false` = they can. */
export const cannotServeTls =
  certificate === null ? 'no openssl: install it (apt-get install openssl)' : false;

/**
 * Stands where Cloud Run's front end stands: ends TLS and passes everything on to the service that is there now (`put`), host
 * and all.
 */
export async function startTlsFront(t: TestContext) {
  let target = '';
  const pem = certificate ?? '';
  const server = createServer({ key: pem, cert: pem }, (request, response) => {
    const { method = 'GET', url = '/', headers } = request;
    const asked = ask(new URL(url, target), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on('aborted', () => response.destroy());
    });
    asked.on('error', () => response.destroy());
    response.on('close', () => asked.destroy());
    request.pipe(asked);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    host: `localhost:${(server.address() as AddressInfo).port}`,
    put: (url: string) => {
      target = url;
    },
  };
}
