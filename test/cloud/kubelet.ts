import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../gcp/kube/cluster.ts';
import type { KubeObject } from '../gcp/kube/objects.ts';
import { freePort } from './free-port.ts';
import { type PodOrder, type PodProcess, startPod } from './pod-process.ts';

const NAMESPACE = 'tablao';
const JOB_NAME = 'batch.kubernetes.io/job-name';
const TEMPLATE_HASH = 'pod-template-hash';
const LOOK_EVERY_MS = 100;
/** The machine of a spot pod shuts down so long after its word. */
const SPOT_GRACE_MS = 15_000;
/** A manager that ends is begun anew after a pause that doubles each time, as Kubernetes' does. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

interface PodSpec {
  readonly terminationGracePeriodSeconds?: number;
  readonly containers: readonly {
    readonly name: string;
    readonly workingDir?: string;
    readonly env?: readonly {
      readonly name: string;
      readonly value?: string;
      readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
    }[];
  }[];
  readonly volumes?: readonly { readonly configMap?: { readonly name: string } }[];
}

interface Running {
  readonly process: PodProcess;
  /** Where the manager listens; `null` = this is a worker. */
  readonly url: string | null;
  isEnding: boolean;
  /** What is seen of its end when it did not end by itself. */
  fate: (() => void) | null;
}

interface Options {
  readonly cluster: Cluster;
  readonly dir: string;
  readonly mounts: NonNullable<PodOrder['mounts']>;
  readonly blender: PodOrder['blender'];
  /** How much quicker flamenco-lite waits than Flamenco. */
  readonly speed: number;
}

/**
 * What runs the pods of the stand-in cluster: each a real process with its own mounts, workers as well as the manager of
 * the Deployment. A deleted pod gets SIGTERM, and SIGKILL when its grace period is over.
 */
export function startKubelet(t: { after(fn: () => unknown): void }, options: Options) {
  const { cluster, dir } = options;
  const running = new Map<string, Running>();
  let pods = 0;
  let managerPort: number | null = null;
  let managerPausesUntil = 0;

  async function look(): Promise<void> {
    for (const deployment of cluster.all('deployments', NAMESPACE)) keepPod(deployment);
    for (const pod of cluster.all('pods', NAMESPACE)) {
      const { name, uid = '', deletionTimestamp } = pod.metadata;
      const here = running.get(uid);
      if (deletionTimestamp !== undefined && here === undefined) cluster.remove('pods', pod);
      else if (deletionTimestamp !== undefined && here !== undefined) end(here, graceOf(pod));
      else if (here === undefined && pod.status?.phase === 'Running') await start(pod);
      else if (here?.url) await probe(name, here.url);
    }
  }

  /** A Deployment's one pod; with another template the old one goes first (Recreate). */
  function keepPod(deployment: KubeObject): void {
    const template = deployment.spec?.template as Pick<KubeObject, 'metadata' | 'spec'>;
    const hash = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);
    const isOwn = ({ metadata }: KubeObject) => metadata.name.startsWith(`${deployment.metadata.name}-`);
    const own = cluster.all('pods', NAMESPACE).filter(isOwn);
    for (const pod of own)
      if (pod.metadata.labels?.[TEMPLATE_HASH] !== hash) cluster.askToEnd(pod.metadata.name);
    if (own.length > 0 || Date.now() < managerPausesUntil) return;
    managerPausesUntil = Date.now() + Math.min(FIRST_PAUSE_MS * 2 ** pods, LONGEST_PAUSE_MS);
    pods += 1;
    cluster.create('pods', {
      metadata: {
        ...{ name: `${deployment.metadata.name}-${hash.slice(0, 5)}-${pods}`, namespace: NAMESPACE },
        labels: { ...template.metadata?.labels, [TEMPLATE_HASH]: hash },
      },
      spec: template.spec ?? {},
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
    });
  }

  async function start(pod: KubeObject): Promise<void> {
    const { name, uid = '', labels } = pod.metadata;
    const { containers, volumes = [] } = pod.spec as unknown as PodSpec;
    const [container] = containers;
    const isWorker = labels?.[JOB_NAME] !== undefined;
    const podDir = join(dir, name);
    // As the Service's name leads to each new pod.
    const port = isWorker ? null : (managerPort ?? (await freePort()));
    for (const { configMap } of volumes) if (configMap) writeConfig(podDir, configMap.name, port);
    const env = (container?.env ?? []).map(({ name: key, value, valueFrom }) => {
      const label = /^metadata\.labels\['(.+)'\]$/.exec(valueFrom?.fieldRef?.fieldPath ?? '')?.[1];
      return [key, label === undefined ? (value ?? '') : (labels?.[label] ?? '')] as const;
    });
    const process = startPod({
      ...{ dir: podDir, blender: options.blender, mounts: isWorker ? options.mounts : null },
      command: [isWorker ? '/usr/local/bin/tablao-worker' : '/opt/flamenco/flamenco-manager'],
      workingDir: container?.workingDir ?? '/var/lib/flamenco',
      env: {
        ...Object.fromEntries(env),
        FLAMENCO_LITE_SPEED: String(options.speed),
        // Instead of the cluster's names: all pods share this machine's address.
        ...(isWorker && { FLAMENCO_MANAGER: `http://127.0.0.1:${managerPort}` }),
      },
    });
    if (port !== null) managerPort = port;
    const url = port === null ? null : `http://127.0.0.1:${port}`;
    const here: Running = { process, url, isEnding: false, fate: null };
    running.set(uid, here);
    void process.ended.then((code) => {
      running.delete(uid);
      if (here.fate === null) ended(name, uid, code);
      else here.fate();
    });
  }

  /** Every pod has the address of this machine, so the manager's port is one that is free here. */
  function writeConfig(podDir: string, configMap: string, port: number | null): void {
    const data = cluster.get('configmaps', NAMESPACE, configMap)?.data ?? {};
    mkdirSync(join(podDir, 'config'), { recursive: true });
    for (const [file, text] of Object.entries(data)) {
      const here = String(text).replace(/^listen: .*$/m, `listen: 127.0.0.1:${port}`);
      writeFileSync(join(podDir, 'config', file), here);
    }
  }

  async function probe(name: string, url: string): Promise<void> {
    const answers = await fetch(`${url}/api/v3/version`, { signal: AbortSignal.timeout(2000) }).then(
      ({ ok }) => ok,
      () => false,
    );
    const pod = cluster.get('pods', NAMESPACE, name);
    if (pod !== undefined && isReady(pod) !== answers) cluster.setReady(name, answers);
  }

  function ended(name: string, uid: string, code: number): void {
    const pod = cluster.get('pods', NAMESPACE, name);
    if (pod === undefined || pod.metadata.uid !== uid) return;
    const job = pod.metadata.labels?.[JOB_NAME];
    if (pod.metadata.deletionTimestamp !== undefined || job === undefined) cluster.remove('pods', pod);
    else if (pod.status?.phase === 'Running') cluster.end(job, code);
  }

  function end(here: Running, graceMs: number): void {
    if (here.isEnding) return;
    here.isEnding = true;
    here.process.kill('SIGTERM');
    setTimeout(() => here.process.kill('SIGKILL'), graceMs).unref();
  }

  function processOf(job: string): Running | undefined {
    const pods = cluster.all('pods', NAMESPACE).filter(({ metadata }) => metadata.labels?.[JOB_NAME] === job);
    return pods.map(({ metadata }) => running.get(metadata.uid ?? '')).find((each) => each !== undefined);
  }

  let looking = Promise.resolve();
  let isLooking = false;
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    looking = look().finally(() => {
      isLooking = false;
    });
  }, LOOK_EVERY_MS);

  async function stop(): Promise<void> {
    clearInterval(timer);
    await looking;
    await shutDown();
  }
  t.after(stop);

  /** All machines go, as they do with the cluster. */
  async function shutDown(): Promise<void> {
    const all = [...running.values()];
    for (const { process } of all) process.kill('SIGKILL');
    await Promise.all(all.map(({ process }) => process.ended));
    managerPort = null;
  }

  return {
    shutDown,
    /** The manager when it is ready; `null` = no pod is. */
    managerUrl: () => {
      const isManager = ({ metadata }: KubeObject) => metadata.labels?.[TEMPLATE_HASH] !== undefined;
      const pod = cluster.all('pods', NAMESPACE).find((each) => isManager(each) && isReady(each));
      return pod === undefined ? null : (running.get(pod.metadata.uid ?? '')?.url ?? null);
    },
    /** The workers' Jobs whose process runs. */
    workers: () =>
      cluster
        .all('pods', NAMESPACE)
        .filter(
          ({ metadata }) => running.has(metadata.uid ?? '') && metadata.labels?.[JOB_NAME] !== undefined,
        )
        .map(({ metadata }) => metadata.labels?.[JOB_NAME] ?? ''),
    /** A worker that renders; `undefined` = none does. */
    busyWorker: () =>
      cluster
        .all('pods', NAMESPACE)
        .filter(({ metadata }) => {
          const lines =
            running
              .get(metadata.uid ?? '')
              ?.process.log()
              .trimEnd()
              .split('\n') ?? [];
          return metadata.labels?.[JOB_NAME] !== undefined && /^task render-\d+ \(/.test(lines.at(-1) ?? '');
        })
        .map(({ metadata }) => metadata.labels?.[JOB_NAME])[0],
    /** What the process of a pod whose name begins so has said. */
    log: (name: string) =>
      cluster
        .all('pods', NAMESPACE)
        .filter(({ metadata }) => metadata.name.startsWith(name))
        .map(({ metadata }) => running.get(metadata.uid ?? '')?.process.log() ?? '')
        .join('\n'),
    /** The spot machine under a worker is taken away: a word, half a minute's grace, then the end. */
    preempt: async (job: string) => {
      const here = processOf(job);
      if (here === undefined) throw new Error(`no worker ${job} runs`);
      here.fate = () => cluster.preempt(job, 'disrupted');
      end(here, SPOT_GRACE_MS);
      return here.process.ended;
    },
    /** The kernel ends what takes too much memory. */
    killForMemory: async (job: string) => {
      const here = processOf(job);
      if (here === undefined) throw new Error(`no worker ${job} runs`);
      here.fate = () => cluster.outOfMemory(job);
      here.process.kill('SIGKILL');
      return here.process.ended;
    },
    /** The manager's machine breaks. */
    killManager: async () => {
      const [manager] = [...running.values()].filter(({ url }) => url !== null);
      manager?.process.kill('SIGKILL');
      await manager?.process.ended;
    },
  };
}

function isReady({ status }: KubeObject): boolean {
  const conditions = (status?.conditions ?? []) as readonly {
    readonly type: string;
    readonly status: string;
  }[];
  return conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True');
}

function graceOf({ spec }: KubeObject): number {
  return ((spec as unknown as PodSpec).terminationGracePeriodSeconds ?? 30) * 1000;
}
