import assert from 'node:assert/strict';
import { once } from 'node:events';
import { truncateSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createPatience } from '../../services/cli/service/patience.ts';
import { createServiceClient } from '../../services/cli/service/service-client.ts';
import { SubmitError } from '../../services/cli/submit/plan.ts';
import { putFile } from '../../services/cli/submit/put-file.ts';
import { sendFiles } from '../../services/cli/submit/send-files.ts';
import { createSessions } from '../../services/cli/submit/sessions.ts';
import { sendSettings } from '../../services/cli/submit/settings-file.ts';
import { tempDir, write } from './buckets-for-tests.ts';

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const atOnce = () => createPatience(async () => {});

describe('the end of a sending', () => {
  it('a connection that is lost with the settings is taken up again', async (t) => {
    let puts = 0;
    const url = await serve(t, (request, response) => {
      request.resume();
      if (request.method === 'POST')
        response.end(JSON.stringify({ url: `http://${request.headers.host}/session` }));
      else if (++puts < 3) request.socket.destroy();
      else response.end('{}');
    });
    const client = createServiceClient({ url, token: null });
    await sendSettings(client, { settings: {}, settingsPath: 'a.render.json' }, [], atOnce());
    assert.equal(puts, 3);
  });

  it('a connection that is lost while the bucket is asked what it has is taken up again', async (t) => {
    const source = join(tempDir(t), 'a.bin');
    write(source, 'abc');
    let asked = 0;
    const url = await serve(t, (request, response) => {
      request.resume();
      if (++asked < 3) request.socket.destroy();
      else response.end(JSON.stringify({ files: [{ path: 'a.bin', size: 3, crc32c: 'Nks/tw==' }] }));
    });
    const client = createServiceClient({ url, token: null });
    const sessions = createSessions(tempDir(t));
    const files = [{ source, path: 'a.bin', size: 3 }];
    assert.equal((await sendFiles(files, { client, sessions, onProgress: () => {} })).known, 1);
    assert.equal(asked, 3);
  });

  it('a file that became shorter meanwhile is said at once, not after minutes of trying', async (t) => {
    const file = join(tempDir(t), 'smoke.vdb');
    write(file, Buffer.alloc(100));
    truncateSync(file, 40);
    let puts = 0;
    const url = await serve(t, (request, response) => {
      request.resume();
      puts += 1;
      if (request.headers['content-range'] === 'bytes */100') response.writeHead(308).end();
    });
    const put = putFile({ url, file, size: 100, isNew: true, onBytes: () => {}, patience: atOnce() });
    await assert.rejects(put, (error) => error instanceof SubmitError && /was changed/.test(error.message));
    assert.equal(puts, 2);
  });
});
