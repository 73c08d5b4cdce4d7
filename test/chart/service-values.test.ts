import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { cloudSettings, tagOf } from '../../services/control/cloud-settings.ts';
import { parseConfig } from '../../services/control/config.ts';
import { CLOUD_ENV } from '../cloud-env.ts';
import { installTools, toolsAbsent } from '../tools/tools.ts';
import { chartFolder, helm, type Manifest } from './render.ts';

const GPU = {
  ...{ name: 'gpu', machineType: 'g2-standard-8', vcpu: 8, memoryGiB: 32, max: 4, spotPricePerHour: 0.34 },
  ...{ device: 'optix', gpu: { type: 'nvidia-l4', count: 1 } },
};

test('what the service gives the chart is what it wants', { skip: toolsAbsent }, (t) => {
  const POOLS = JSON.stringify([...JSON.parse(CLOUD_ENV.POOLS), GPU]);
  const config = parseConfig({ ...CLOUD_ENV, POOLS, MANAGER_UNREACHABLE_SECONDS: '600.5' }, []);
  assert.ok(config.mode === 'cloud');
  const folder = mkdtempSync(join(tmpdir(), 'tablao-values-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'values.json');
  writeFileSync(file, JSON.stringify(cloudSettings(config).helm.values));
  const { code, out } = helm(installTools(), ['template', 'tablao', chartFolder, '-f', file]);
  assert.equal(code, 0, out);
  const objects: Manifest[] = parseAllDocuments(out).map((document) => document.toJS());
  const find = (kind: string, name: string) =>
    objects.find((object) => object?.kind === kind && object.metadata.name === name);
  const jobs = find('ConfigMap', 'tablao-worker-jobs').data;
  assert.deepEqual(
    Object.keys(jobs).sort(),
    ['cpu-2', 'cpu-3', 'cpu-4', 'cpu-spot', 'gpu-spot'].map((name) => `${name}.json`),
  );
  const pod = JSON.parse(jobs['gpu-spot.json']).spec.template.spec;
  assert.equal(pod.nodeSelector['cloud.google.com/gke-nodepool'], 'gpu-spot');
  assert.equal(pod.nodeSelector['cloud.google.com/gke-accelerator'], 'nvidia-l4');
  const [{ resources, env }] = pod.containers;
  assert.equal(resources.limits['nvidia.com/gpu'], '1');
  assert.deepEqual([resources.requests.cpu, resources.requests.memory], ['7.1', '25Gi']);
  assert.equal(env.find(({ name }: Manifest) => name === 'TABLAO_TAG').value, tagOf('gpu'));
  const manager = find('Deployment', 'tablao-manager').spec.template.spec;
  assert.deepEqual(manager.nodeSelector, { 'cloud.google.com/gke-nodepool': 'manager' });
});
