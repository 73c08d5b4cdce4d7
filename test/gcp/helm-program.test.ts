import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ClusterSeen } from '../../services/control/adapters/gcp/gke.ts';
import { createHelmInstall } from '../../services/control/adapters/gcp/helm.ts';
import { isPortError } from '../../services/control/ports/errors.ts';

const CLUSTER: ClusterSeen = {
  ...{ name: 'tablao-1', zone: 'z', createdAt: 0, endpoint: 'e', message: '' },
  state: 'up',
};

const install = (program: string) =>
  createHelmInstall({
    ...{ program, chart: '/nowhere', release: 'tablao', namespace: 'tablao', values: {} },
    token: async () => 'secret-token',
    serverOf: () => 'http://127.0.0.1:1',
  });

/** A folder on the PATH with a `tablao-test-helm` in it that writes down how it was called, and fails. */
function onThePath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-helm-program-'));
  const before = process.env.PATH;
  process.env.PATH = `${folder}${delimiter}${before}`;
  t.after(() => {
    process.env.PATH = before;
    rmSync(folder, { recursive: true, force: true });
  });
  const program = join(folder, 'tablao-test-helm');
  writeFileSync(program, `#!/bin/sh\necho "$@" > ${folder}/args\nenv > ${folder}/env\nexit 1\n`);
  chmodSync(program, 0o755);
  return folder;
}

test('HELM may be a name that is looked for on the PATH; no token is on its command line', async (t) => {
  const folder = onThePath(t);
  await assert.rejects(install('tablao-test-helm')(CLUSTER), (error) => isPortError(error, 'invalid'));
  assert.match(readFileSync(join(folder, 'args'), 'utf8'), /^template tablao \/nowhere -f /);
  assert.doesNotMatch(readFileSync(join(folder, 'args'), 'utf8'), /secret-token/);
  assert.match(readFileSync(join(folder, 'env'), 'utf8'), /^HELM_KUBETOKEN=secret-token$/m);
});

test('a Helm that is not there is said to be', async () => {
  await assert.rejects(install('tablao-no-helm')(CLUSTER), /starting tablao-no-helm: invalid/);
});
