// kubectl against our stand-in for Kubernetes.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { kubeWorld, NAMESPACE } from '../gcp/kube-world.ts';

const skip =
  spawnSync('kubectl', ['version', '--client']).error === undefined
    ? false
    : 'kubectl is not on this machine';

describe('kubectl', { skip }, () => {
  async function world(t: { after(fn: () => unknown): void }) {
    const here = await kubeWorld(t, { isOpen: true });
    const dir = mkdtempSync(join(tmpdir(), 'tablao-kubectl-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const config = join(dir, 'config');
    writeFileSync(
      config,
      JSON.stringify({
        ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'farm' },
        clusters: [{ name: 'farm', cluster: { server: here.kube.url } }],
        // It sends no token over plain HTTP.
        users: [{ name: 'me', user: {} }],
        contexts: [{ name: 'farm', context: { cluster: 'farm', user: 'me', namespace: NAMESPACE } }],
      }),
    );
    const kubectl = async (...args: string[]) => {
      const all = [`--kubeconfig=${config}`, `--cache-dir=${dir}`, ...args];
      return (await promisify(execFile)('kubectl', all)).stdout;
    };
    return { ...here, dir, kubectl };
  }

  test('sees the workers that were ordered, and ends one', async (t) => {
    const { workers, clock, kubectl } = await world(t);
    await workers.order('local', ['w-1', 'w-2']);
    clock.advance(90_000);
    const jobs = JSON.parse(await kubectl('get', 'jobs', '-l', 'tablao/pool=local', '-o', 'json'));
    assert.deepEqual(
      jobs.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
      ['w-1', 'w-2'],
    );
    assert.equal((await kubectl('get', 'pods', '-o', 'name')).trim().split('\n').length, 2);
    await kubectl('delete', 'job', 'w-1', '--wait=false');
    assert.deepEqual(
      (await workers.list()).map(({ name }) => name),
      ['w-2'],
    );
  });

  test('ends a worker as we do, and hears that no manager is ready behind the proxy', async (t) => {
    const { workers, clock, kubectl } = await world(t);
    await workers.order('local', ['w-1']);
    await kubectl('patch', 'job', 'w-1', '--type=merge', '-p', '{"spec":{"suspend":true}}');
    clock.advance(5000);
    assert.equal((await workers.list())[0]?.state, 'ended');
    const path = `/api/v1/namespaces/${NAMESPACE}/services/http:tablao-manager:8080/proxy/api/v3/version`;
    await assert.rejects(kubectl('get', '--raw', path), /no endpoints available/);
  });

  test('creates a Job from a file, which counts as one of ours by its labels', async (t) => {
    const { workers, cluster, dir, kubectl } = await world(t);
    const templates = cluster.get('configmaps', NAMESPACE, 'tablao-worker-jobs')?.data ?? {};
    const job = JSON.parse(templates['gpu-spot.json'] ?? '{}');
    const file = join(dir, 'job.json');
    writeFileSync(file, JSON.stringify({ ...job, metadata: { ...job.metadata, name: 'by-hand' } }));
    await kubectl('create', '--validate=false', '-f', file);
    assert.deepEqual(
      (await workers.list()).map(({ name, pool }) => [name, pool]),
      [['by-hand', 'gpu']],
    );
  });
});
