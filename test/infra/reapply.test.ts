// reapply-chart, with the real gcloud and the real Helm on stand-ins for Google and Kubernetes.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createHelmInstall } from '../../services/control/adapters/gcp/helm.ts';
import { cloudSettings } from '../../services/control/cloud-settings.ts';
import { parseConfig } from '../../services/control/config.ts';
import { CLOUD_ENV } from '../cloud-env.ts';
import { kubeWorld, NAMESPACE } from '../gcp/kube-world.ts';
import { installTools, toolsAbsent } from '../tools/tools.ts';
import { googleWorld, PROJECT, REGION } from './google-world.ts';
import { commandsIn, gcloudAbsent, runScript, SCRIPTS } from './scripts.ts';

const AT = ['--project', PROJECT, '--region', REGION];
const STATE = `${PROJECT}-tablao-state`;
/** Of the stand-in's operator; Helm sends it only where the way is encrypted. */
const TOKEN = 'google-token';

describe('reapply-chart', { skip: gcloudAbsent || toolsAbsent }, () => {
  /** A farm that is up, with the chart as the service installed it. */
  async function world(t: TestContext) {
    const google = await googleWorld(t, { buckets: [STATE] });
    const { cluster, kube } = await kubeWorld(t, { isBare: true });
    const { host, certificate, dir } = await encrypted(t, kube.port);
    google.gke.setEndpoint(host);
    await google.raise('tablao-1', `${REGION}-b`);
    const { helm } = installTools();
    const config = parseConfig(CLOUD_ENV, []);
    assert.ok(config.mode === 'cloud');
    await createHelmInstall({
      ...{ ...cloudSettings(config).helm, program: helm, release: 'tablao', namespace: NAMESPACE },
      ...{ timeoutMs: 600_000, token: async () => TOKEN, serverOf: () => kube.url },
    })({ name: 'tablao-1', zone: 'z', state: 'up', createdAt: 0, endpoint: 'e', message: '' });
    const token = join(dir, 'token');
    writeFileSync(token, TOKEN);
    const { CLOUDSDK_AUTH_DISABLE_CREDENTIALS: _, ...env } = google.env;
    const own = {
      ...env,
      PATH: `${dirname(helm)}${delimiter}${process.env.PATH}`,
      CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: token,
      HELM_KUBECAFILE: certificate,
    };
    const say = (busy: number) =>
      google.storage.put(
        STATE,
        'status.json',
        JSON.stringify({ sentence: 'Rendering.', pools: [{ name: 'cpu', busy, draining: 0 }] }),
      );
    say(0);
    return {
      ...{ kube, cluster, env: own, say },
      reapply: (...more: string[]) => runScript('reapply-chart', [...AT, ...more], own),
      /** State of each revision of the release, in order. */
      revisions: () =>
        cluster
          .all('secrets', NAMESPACE)
          .map(({ metadata }) => `${metadata.labels?.version} ${metadata.labels?.status}`)
          .sort(),
      manager: () => cluster.get('deployments', NAMESPACE, 'tablao-manager'),
    };
  }

  test("installs this folder's chart with the values that the service gave", async (t) => {
    const { kube, cluster, reapply, revisions } = await world(t);
    const templates = () => cluster.get('configmaps', NAMESPACE, 'tablao-worker-jobs')?.data;
    const before = templates();
    kube.forget();
    const ran = await reapply();
    assert.equal(ran.code, 0, ran.words);
    assert.deepEqual(revisions(), ['1 superseded', '2 deployed']);
    assert.deepEqual(templates(), before, "the service's pools are still there");
    assert.ok(kube.requests.every(({ headers }) => headers.authorization === `Bearer ${TOKEN}`));
    assert.ok(!ran.words.includes(TOKEN) && !ran.out.includes(TOKEN), 'the token is not shown');
  });

  test('killed half-way and run again, it takes back what was half, and does the rest', async (t) => {
    const { kube, env, reapply, revisions, manager } = await world(t);
    const uid = manager()?.metadata.uid;
    kube.forget();
    kube.fail(/^PATCH .*deployments/, { kind: 'hang', acts: false }, 99);
    const killed = spawn(process.execPath, [join(SCRIPTS, 'reapply-chart.mjs'), ...AT], {
      ...{ env, stdio: 'ignore', detached: true },
    });
    const ended = once(killed, 'exit');
    while (!kube.asked.some((line) => /^PATCH .*deployments/.test(line))) {
      assert.equal(killed.exitCode, null);
      await delay(50);
    }
    process.kill(-(killed.pid ?? 0), 'SIGKILL');
    await ended;
    assert.deepEqual(revisions(), ['1 deployed', '2 pending-upgrade']);

    kube.mend();
    const again = await reapply();
    assert.equal(again.code, 0, again.words);
    assert.ok(commandsIn(again).some((line) => line.startsWith('helm rollback tablao')));
    assert.match(String(revisions().at(-1)), /^4 deployed$/);
    assert.equal(manager()?.metadata.uid, uid);
  });

  test('refuses while frames render, unless it is forced', async (t) => {
    const { kube, say, reapply, revisions } = await world(t);
    say(2);
    kube.forget();
    const refused = await reapply();
    assert.equal(refused.code, 1);
    assert.match(refused.words, /Frames render now \(Rendering\.\)\. Wait, or say --force\./);
    assert.deepEqual(kube.asked, []);
    assert.equal((await reapply('--force')).code, 0);
    assert.deepEqual(revisions(), ['1 superseded', '2 deployed']);
  });
});

/** The same server behind TLS, as a cluster's API is: Helm sends no token otherwise. */
async function encrypted(t: TestContext, port: number) {
  const dir = mkdtempSync(join(tmpdir(), 'tablao-reapply-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'certificate.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', key, '-out', certificate];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...files],
    {
      stdio: 'ignore',
    },
  );
  const server = createServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    (asked, answer) => {
      const { method, headers, url: path } = asked;
      const onward = request({ port, host: '127.0.0.1', method, headers, path }, (passed) => {
        answer.writeHead(passed.statusCode ?? 500, passed.headers);
        passed.pipe(answer);
      });
      onward.on('error', () => answer.destroy());
      asked.pipe(onward);
    },
  );
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { dir, certificate, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}
