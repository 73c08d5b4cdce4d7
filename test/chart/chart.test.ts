import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { managerConfig } from '../../services/control/adapters/local/manager-config.ts';
import { openConfig } from '../../services/flamenco-lite/config/config.ts';
import { installTools, type Tools, toolsAbsent } from '../tools/tools.ts';
import {
  chartFolder,
  find,
  helm,
  type Manifest,
  podTemplates,
  render,
  template,
  valueSets,
  valuesFile,
  workerJobs,
} from './render.ts';
import { problemsOf } from './validate.ts';

describe('the chart flamenco', { skip: toolsAbsent }, () => {
  let tools: Tools;
  before(() => {
    tools = installTools();
  });

  it('passes helm lint --strict without values', () => {
    assert.deepEqual(findings(helm(tools, ['lint', '--strict', chartFolder])), []);
  });

  for (const set of valueSets) {
    it(`passes helm lint --strict with the ${set} values`, () => {
      assert.deepEqual(findings(helm(tools, ['lint', '--strict', chartFolder, '-f', valuesFile(set)])), []);
    });

    it(`renders what Kubernetes understands from the ${set} values`, async () => {
      assert.deepEqual(await problemsOf(tools, render(tools, set)), []);
    });

    it(`leaves nothing behind and gives nobody a token or root with the ${set} values`, () => {
      const objects = render(tools, set);
      const kinds = new Set(objects.map(({ kind }) => kind));
      const allowed = ['ConfigMap', 'Deployment', 'Job', 'NetworkPolicy', 'Service', 'ServiceAccount'];
      assert.deepEqual(
        [...kinds].filter((kind) => !allowed.includes(kind)),
        [],
      );
      assert.deepEqual(
        objects.filter(({ kind, spec }) => kind === 'Service' && spec.type !== 'ClusterIP'),
        [],
      );
      for (const account of objects.filter(({ kind }) => kind === 'ServiceAccount'))
        assert.equal(account.automountServiceAccountToken, false);
      for (const { spec } of podTemplates(objects)) assertConfined(spec);
    });
  }

  it('sees a field that Kubernetes does not know and a value that it does not take', async () => {
    const broken = async (breakIt: (spec: Manifest) => void) => {
      const job = structuredClone(jobOf(tools, 'minimal', 'cpu-spot'));
      breakIt(job.spec);
      return (await problemsOf(tools, [job])).join('\n');
    };
    const unknown = await broken((spec) => {
      spec.backofLimit = 0;
    });
    assert.match(unknown, /backofLimit/);
    const untaken = await broken((spec) => {
      spec.template.spec.restartPolicy = 'Sometimes';
    });
    assert.match(untaken, /restartPolicy must be equal to one of the allowed values/);
  });

  describe('the manager', () => {
    it('is one pod, replaced and never doubled, ready when its API answers', () => {
      const { spec } = find(render(tools, 'minimal'), 'Deployment', 'tablao-manager');
      assert.equal(spec.replicas, 1);
      assert.deepEqual(spec.strategy, { type: 'Recreate' });
      const [container] = spec.template.spec.containers;
      for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'])
        assert.deepEqual(container[probe].httpGet, { path: '/api/v3/version', port: 'http' });
      assert.equal(spec.template.spec.nodeSelector, undefined);
    });

    it('is told the same as the manager of one machine, apart from where things are', (t) => {
      const config = openConfigMap(t, render(tools, 'minimal'));
      const local = managerConfig({
        farmId: '',
        port: 8080,
        managerDir: '/data',
        rendersDir: '/tablao/renders',
        kitDir: '/opt/tablao/kit',
        runner: '/opt/tablao/kit/run.sh',
        blenders: [
          { version: '4.5.11', path: '/opt/blender/4.5.11/blender', hasDenoiser: null, devices: [] },
        ],
      });
      assert.deepEqual(config, { ...local, manager_name: 'Tablao', listen: ':8080' });
    });

    it('takes timeouts, name, port, Blenders and further keys from the values', (t) => {
      const config = openConfigMap(t, render(tools, 'cpu'));
      assert.equal(config.manager_name, 'Tablao: studio A');
      assert.equal(config.listen, ':9090');
      assert.equal(config.task_timeout, '2h');
      assert.equal(config.worker_timeout, '4m30s');
      assert.equal(config.shared_storage_path, '/mnt/renders');
      assert.deepEqual(config.mqtt, { client: { enabled: false } });
      const names = ['blender', 'blender-3.6.5', 'blender-4.5.11', 'blender-5.1.1', 'mine'];
      assert.deepEqual(Object.keys(config.variables).sort(), [...names, 'tablao-kit', 'tablao-run']);
      assert.equal(config.variables.blender.values[0].value, '/opt/blender/5.1.1/blender');
    });

    it('lives on when only the chart, its configuration or the workers change', (t) => {
      const pod = (options: Parameters<typeof render>[2]) =>
        find(render(tools, 'minimal', options), 'Deployment', 'tablao-manager').spec.template;
      const chart = join(temporaryFolder(t), 'flamenco');
      cpSync(chartFolder, chart, { recursive: true });
      const facts = readFileSync(join(chart, 'Chart.yaml'), 'utf8');
      writeFileSync(join(chart, 'Chart.yaml'), facts.replace(/^(version|appVersion): .*/gm, '$1: 9.9.9'));
      const others = { manager: { taskTimeout: '2h' }, blenders: ['5.1.1'], images: { worker: 'w:2' } };
      assert.deepEqual(pod({ chart, also: others }), pod({}));
      assert.notDeepEqual(pod({ also: { images: { manager: 'm:2' } } }), pod({}));
    });

    it('is reached at the port of the values everywhere', () => {
      const objects = render(tools, 'cpu');
      const { spec } = find(objects, 'Deployment', 'tablao-manager');
      assert.equal(spec.template.spec.containers[0].ports[0].containerPort, 9090);
      assert.equal(find(objects, 'Service', 'tablao-manager').spec.ports[0].port, 9090);
      assert.deepEqual(find(objects, 'NetworkPolicy', 'tablao-manager').spec.ingress[0].ports, [
        { port: 9090 },
      ]);
      assert.equal(envOf(workerJobs(objects)['cpu-spot']).FLAMENCO_MANAGER, 'http://tablao-manager:9090');
    });
  });

  describe('a worker', () => {
    it('is one pod that neither Kubernetes nor the autoscaler starts again, moves or doubles', () => {
      const { metadata, spec } = jobOf(tools, 'minimal', 'cpu-spot');
      assert.equal(metadata.labels['tablao/pool'], 'cpu');
      assert.equal(metadata.labels['tablao/node-pool'], 'cpu-spot');
      assert.equal(spec.backoffLimit, 0);
      assert.equal(spec.template.spec.restartPolicy, 'Never');
      assert.deepEqual(spec.podFailurePolicy.rules, [
        { action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      ]);
      const annotations = spec.template.metadata.annotations;
      assert.equal(annotations['cluster-autoscaler.kubernetes.io/safe-to-evict'], 'false');
      const [term] =
        spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution;
      assert.equal(term.topologyKey, 'kubernetes.io/hostname');
      assert.partialDeepStrictEqual(spec.template.metadata.labels, term.labelSelector.matchLabels);
    });

    it('has the memory that it asks for, and every processor of its node', () => {
      const { resources } = jobOf(tools, 'cpu', 'big-spot').spec.template.spec.containers[0];
      assert.deepEqual(resources, { requests: { cpu: '30', memory: '230Gi' }, limits: { memory: '230Gi' } });
    });

    it('asks for no more disk than GKE leaves of a node with 50 GB, and its cache fits into that', () => {
      const { metadata, spec } = jobOf(tools, 'minimal', 'cpu-spot').spec.template;
      const asked = gibibytes(metadata.annotations['gke-gcsfuse/ephemeral-storage-request']);
      const disk = 50e9 / 2 ** 30;
      // A tenth for eviction, and 6 GiB with 35 % of the disk for the system.
      assert.ok(asked < disk * 0.9 - Math.min(disk / 2, 6 + disk * 0.35), `${asked} GiB`);
      const scenes = spec.volumes.find(({ name }: Manifest) => name === 'scenes');
      assert.ok(gibibytes(scenes.csi.volumeAttributes.fileCacheCapacity) < asked);
    });

    it('reads scenes and writes renders, each at the path of the values and without old metadata', () => {
      const { spec } = jobOf(tools, 'cpu', 'cpu-spot').spec.template;
      const mounts = spec.containers[0].volumeMounts;
      assert.deepEqual(
        mounts.find(({ name }: Manifest) => name === 'scenes'),
        {
          name: 'scenes',
          mountPath: '/mnt/scenes',
          readOnly: true,
        },
      );
      assert.deepEqual(
        mounts.find(({ name }: Manifest) => name === 'renders'),
        {
          name: 'renders',
          mountPath: '/mnt/renders',
        },
      );
      const csi = (name: string) => spec.volumes.find((volume: Manifest) => volume.name === name).csi;
      assert.equal(csi('scenes').readOnly, true);
      assert.equal(csi('renders').readOnly, undefined);
      assert.equal(csi('scenes').volumeAttributes.bucketName, 'p-scenes');
      assert.equal(csi('renders').volumeAttributes.bucketName, 'p-renders');
      for (const name of ['scenes', 'renders'])
        for (const option of ['implicit-dirs', 'metadata-cache:ttl-secs:0', 'uid=1000', 'gid=1000'])
          assert.ok(csi(name).volumeAttributes.mountOptions.split(',').includes(option), `${name} ${option}`);
    });

    it('learns its name from the Job and its pool, tag and patience from the values', () => {
      const job = jobOf(tools, 'cpu', 'cpu-ondemand');
      const [name] = job.spec.template.spec.containers[0].env;
      assert.equal(name.valueFrom.fieldRef.fieldPath, "metadata.labels['batch.kubernetes.io/job-name']");
      assert.deepEqual(envOf(job), {
        FLAMENCO_WORKER_NAME: undefined,
        FLAMENCO_MANAGER: 'http://tablao-manager:9090',
        TABLAO_POOL: 'cpu',
        TABLAO_TAG: '6f9619ff-8b86-4011-b42d-00c04fc964ff',
        MANAGER_UNREACHABLE_SECONDS: '600',
      });
    });

    it('stands only in its node pool, and tolerates spot and GPU nodes only where it is meant to', () => {
      const jobs = workerJobs(render(tools, 'gpu'));
      assert.deepEqual(Object.keys(jobs).sort(), ['cpu-spot', 'l4-ondemand', 'l4-spot']);
      const keysOf = (job: Manifest) => job.spec.template.spec.tolerations.map(({ key }: Manifest) => key);
      assert.deepEqual(keysOf(jobs['cpu-spot']), ['tablao/worker', 'cloud.google.com/gke-spot']);
      assert.deepEqual(keysOf(jobs['l4-spot']), [
        'tablao/worker',
        'cloud.google.com/gke-spot',
        'nvidia.com/gpu',
      ]);
      assert.deepEqual(keysOf(jobs['l4-ondemand']), ['tablao/worker', 'nvidia.com/gpu']);
      assert.deepEqual(jobs['cpu-spot'].spec.template.spec.nodeSelector, {
        'cloud.google.com/gke-nodepool': 'cpu-spot',
      });
      assert.deepEqual(jobs['l4-ondemand'].spec.template.spec.nodeSelector, {
        'cloud.google.com/gke-nodepool': 'l4-ondemand',
        'cloud.google.com/gke-accelerator': 'nvidia-l4',
      });
    });

    it('asks for its GPUs and finds their driver', () => {
      const jobs = workerJobs(render(tools, 'gpu'));
      const limits = (name: string) => jobs[name].spec.template.spec.containers[0].resources.limits;
      assert.deepEqual(limits('l4-ondemand'), { memory: '88Gi', 'nvidia.com/gpu': '2' });
      assert.deepEqual(limits('cpu-spot'), { memory: '52Gi' });
      assert.equal(envOf(jobs['l4-spot']).LD_LIBRARY_PATH, '/usr/local/nvidia/lib64');
      assert.equal(envOf(jobs['cpu-spot']).LD_LIBRARY_PATH, undefined);
    });
  });

  it("lets only workers and the API server's proxy reach the manager", () => {
    const objects = render(tools, 'minimal');
    const everything = find(objects, 'NetworkPolicy', 'tablao-nothing-else').spec;
    assert.deepEqual(everything, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    const { ingress } = find(objects, 'NetworkPolicy', 'tablao-manager').spec;
    assert.equal(ingress.length, 1);
    const [workers, proxy, ...others] = ingress[0].from;
    assert.deepEqual(others, []);
    assert.equal(workers.podSelector.matchLabels['app.kubernetes.io/component'], 'worker');
    assert.deepEqual(proxy, {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'konnectivity-agent' } },
    });
    assert.equal(find(objects, 'NetworkPolicy', 'tablao-worker').spec.ingress, undefined);
    assert.equal(
      render(tools, 'gpu').some(({ kind }) => kind === 'NetworkPolicy'),
      false,
    );
  });

  it('takes every name from the release: another one beside it shares nothing', () => {
    const objects = render(tools, 'minimal', { release: 'film', namespace: 'other' });
    const named = objects.filter(({ kind }) => kind !== 'Job');
    assert.deepEqual(
      named.filter(({ metadata }) => !metadata.name.startsWith('film-')),
      [],
    );
    assert.equal(envOf(workerJobs(objects)['cpu-spot']).FLAMENCO_MANAGER, 'http://film-manager:8080');
    const workers = workerJobs(objects)['cpu-spot'].spec.template.spec.serviceAccountName;
    assert.equal(workers, 'film-worker');
  });

  const pool = (over: object) => ({
    pools: { cpu: { nodePools: { 'cpu-spot': { spot: true, cpu: '14', memory: '52Gi', ...over } } } },
  });
  const refused: readonly [string, Readonly<Record<string, unknown>>, RegExp][] = [
    ['a bucket as a URL', { buckets: { scenes: 'gs://film' } }, /buckets\/scenes.*does not match pattern/],
    ['an unknown key', { bucket: 'film' }, /additional properties 'bucket' not allowed/],
    ['memory without a unit', pool({ memory: '52' }), /cpu-spot\/memory.*does not match pattern/],
    ['memory as a number', pool({ memory: 52 }), /cpu-spot\/memory.*got number, want string/],
    [
      'a node pool that does not say whether it is spot',
      pool({ spot: null }),
      /spot.*got null, want boolean/,
    ],
    ['a GPU without a count', pool({ gpu: { type: 'nvidia-l4' } }), /missing property 'count'/],
    ['a tag that is no UUID', { pools: { cpu: { tag: 'cpu' } } }, /cpu\/tag.*does not match pattern/],
    ['a pool name that is no label', { pools: { 'My Pool': {} } }, /My Pool/],
    ['a timeout of zero, which switches both checks off', { manager: { taskTimeout: '0s' } }, /taskTimeout/],
    ['half a version of Blender', { blenders: ['4.5'] }, /blenders\/0.*does not match pattern/],
    ['a privileged port', { manager: { port: 80 } }, /manager\/port.*minimum/],
    ['a grace too short to sign off', { worker: { terminationGraceSeconds: 10 } }, /terminationGraceSeconds/],
    [
      'a liveness that ends a busy worker',
      { worker: { liveness: { failureThreshold: 1 } } },
      /failureThreshold/,
    ],
    ['no image', { images: { worker: '' } }, /images\.worker is missing/],
    ['no bucket', { buckets: { renders: '' } }, /buckets\.renders is missing/],
    ['no pool', { pools: null }, /pools is empty: no worker could ever be ordered/],
    ['no Blender', { blenders: [] }, /blenders is empty: name the versions/],
    [
      'a node pool of two pools',
      {
        pools: {
          big: {
            tag: '7f9619ff-8b86-4011-b42d-00c04fc964ff',
            nodePools: { 'cpu-spot': { spot: true, cpu: '1', memory: '1Gi' } },
          },
        },
      },
      /node pool cpu-spot stands in two pools, big and cpu/,
    ],
  ];
  for (const [what, also, message] of refused) {
    it(`refuses ${what}`, () => {
      const { code, out } = template(tools, 'minimal', { also });
      assert.notEqual(code, 0, out);
      assert.match(out, message);
    });
  }
});

/** Whether an icon is there is nothing that could go wrong. */
function findings({ code, out }: { readonly code: number | null; readonly out: string }): readonly string[] {
  const lines = out.split('\n').filter((line) => /^\[(INFO|WARNING|ERROR)\]/.test(line));
  const bad = lines.filter((line) => !line.includes('icon is recommended'));
  return code === 0 ? bad : [out];
}

function gibibytes(quantity: string): number {
  assert.match(quantity, /^\d+Gi$/);
  return Number.parseInt(quantity, 10);
}

function jobOf(tools: Tools, set: (typeof valueSets)[number], nodePool: string): Manifest {
  return workerJobs(render(tools, set))[nodePool];
}

function envOf(job: Manifest): Record<string, string | undefined> {
  const { env } = job.spec.template.spec.containers[0];
  return Object.fromEntries(env.map(({ name, value }: Manifest) => [name, value]));
}

function assertConfined(pod: Manifest): void {
  assert.equal(pod.automountServiceAccountToken, false);
  assert.equal(pod.enableServiceLinks, false);
  assert.ok(pod.terminationGracePeriodSeconds >= 25);
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.deepEqual(pod.securityContext.seccompProfile, { type: 'RuntimeDefault' });
  for (const container of pod.containers) {
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    assert.ok(container.resources.requests.cpu);
    assert.equal(container.resources.limits.memory, container.resources.requests.memory);
    assert.equal(container.resources.limits.cpu, undefined);
  }
}

/** The manager's configuration; a manager takes it as it is, without asking a person anything. */
function openConfigMap(t: { after(end: () => void): void }, objects: readonly Manifest[]): Manifest {
  const folder = temporaryFolder(t);
  const text = find(objects, 'ConfigMap', 'tablao-manager').data['flamenco-manager.yaml'];
  writeFileSync(join(folder, 'flamenco-manager.yaml'), text);
  assert.equal(openConfig(folder).isFirstRun(), false);
  return parse(text);
}

function temporaryFolder(t: { after(end: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-chart-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
