import { fitsLabels, type KubeObject } from './objects.ts';

const JOB_NAME = 'batch.kubernetes.io/job-name';
const CONTAINER = 'worker';

interface Clock {
  now(): number;
  listen(listener: () => void): void;
}

interface Options {
  readonly clock: Clock;
  readonly bootMs?: number;
  /** How long a worker takes to sign off; `null` = whoever runs the pods takes them away. */
  readonly endMs?: number | null;
}

export type Cluster = ReturnType<typeof createCluster>;

/** What Kubernetes does with Jobs: makes their pods, starts them, and says how they ended. Time goes by the test's clock. */
export function createCluster({ clock, bootMs = 90_000, endMs = 5000 }: Options) {
  const objects = new Map<string, KubeObject>();
  let version = 1;
  /** Whether there is no machine for the pods of a node pool. */
  let isStockedOut = (_nodePool: string) => false;
  const time = (at = clock.now()) => new Date(at).toISOString();
  const keyOf = (plural: string, namespace: string, name: string) => `${plural}/${namespace}/${name}`;
  const all = (plural: string, namespace: string) =>
    [...objects].filter(([key]) => key.startsWith(`${plural}/${namespace}/`)).map(([, object]) => object);

  function put(plural: string, object: KubeObject): KubeObject {
    version += 1;
    const { metadata } = object;
    const stored = {
      ...object,
      metadata: {
        uid: `uid-${version}`,
        creationTimestamp: time(),
        ...metadata,
        resourceVersion: String(version),
      },
    };
    objects.set(keyOf(plural, metadata.namespace ?? '', metadata.name), stored);
    return stored;
  }

  function create(plural: string, object: KubeObject): KubeObject {
    const created = put(plural, object);
    if (plural === 'jobs') makePod(created);
    return created;
  }

  function makePod(job: KubeObject): void {
    const template = job.spec?.template as {
      metadata?: KubeObject['metadata'];
      spec?: Record<string, unknown>;
    };
    const { name, namespace = '' } = job.metadata;
    put('pods', {
      metadata: {
        name: `${name}-abc12`,
        namespace,
        labels: { ...template.metadata?.labels, [JOB_NAME]: name },
      },
      spec: template.spec ?? {},
      status: {
        phase: 'Pending',
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'Unschedulable',
            message: '0/1 nodes are available: 1 node(s) had untolerated taint.',
          },
        ],
      },
    });
  }

  function replace(plural: string, object: KubeObject): KubeObject {
    const stored = put(plural, object);
    if (plural === 'jobs' && stored.spec?.suspend === true) suspend(stored);
    return stored;
  }

  function suspend(job: KubeObject): void {
    for (const pod of podsOf(job.metadata.name)) markDeleted(pod);
    setCondition(job, { type: 'Suspended', status: 'True', reason: 'JobSuspended' });
  }

  function markDeleted(pod: KubeObject): void {
    if (pod.metadata.deletionTimestamp === undefined)
      put('pods', { ...pod, metadata: { ...pod.metadata, deletionTimestamp: time() } });
  }

  function setCondition(job: KubeObject, condition: Readonly<Record<string, unknown>>): void {
    const before = (job.status?.conditions as object[] | undefined) ?? [];
    put('jobs', {
      ...job,
      status: { ...job.status, conditions: [...before, { ...condition, lastTransitionTime: time() }] },
    });
  }

  function podsOf(job: string): readonly KubeObject[] {
    return [...objects]
      .filter(([key, pod]) => key.startsWith('pods/') && fitsLabels(pod, `${JOB_NAME}=${job}`))
      .map(([, pod]) => pod);
  }

  function jobOf(name: string): KubeObject {
    const job = [...objects].find(([key]) => key.startsWith('jobs/') && key.endsWith(`/${name}`))?.[1];
    if (job === undefined) throw new Error(`no job ${name}`);
    return job;
  }

  function remove(plural: string, object: KubeObject): void {
    objects.delete(keyOf(plural, object.metadata.namespace ?? '', object.metadata.name));
    if (plural === 'jobs') for (const pod of podsOf(object.metadata.name)) markDeleted(pod);
  }

  /** What the passing of time does. */
  function settle(): void {
    for (const [key, pod] of [...objects]) {
      if (!key.startsWith('pods/')) continue;
      const { deletionTimestamp, creationTimestamp } = pod.metadata;
      const since = (text: string | undefined) => clock.now() - Date.parse(text ?? '');
      if (deletionTimestamp !== undefined && endMs !== null && since(deletionTimestamp) >= endMs)
        objects.delete(key);
      else if (pod.status?.phase === 'Pending' && isStockedOut(nodePoolOf(pod))) sayStockOut(pod);
      else if (pod.status?.phase === 'Pending' && since(creationTimestamp) >= bootMs) start(pod);
    }
  }

  function nodePoolOf({ spec }: KubeObject): string {
    const { nodeSelector = {} } = (spec ?? {}) as { nodeSelector?: Readonly<Record<string, string>> };
    return nodeSelector['cloud.google.com/gke-nodepool'] ?? '';
  }

  function start(pod: KubeObject): void {
    const state = { running: { startedAt: time() } };
    const conditions = [{ type: 'Ready', status: 'True' }];
    put('pods', { ...pod, status: { phase: 'Running', conditions, containerStatuses: [container(state)] } });
  }

  function container(state: object) {
    return { name: CONTAINER, state, ready: true, restartCount: 0, image: 'worker', imageID: '' };
  }

  /** Its process has ended by itself. */
  function end(name: string, exitCode: number, reason = exitCode === 0 ? 'Completed' : 'Error'): void {
    const terminated = { exitCode, reason, startedAt: time(), finishedAt: time() };
    for (const pod of podsOf(name))
      put('pods', {
        ...pod,
        status: {
          phase: exitCode === 0 ? 'Succeeded' : 'Failed',
          containerStatuses: [container({ terminated })],
        },
      });
    const failed = {
      type: 'Failed',
      status: 'True',
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached…',
    };
    setCondition(jobOf(name), exitCode === 0 ? { type: 'Complete', status: 'True' } : failed);
  }

  /**
   * Its machine is taken away: the pod is seen with its condition (`disrupted`), is gone at once (`gone`), or ended when
   * the machine shut down and nothing marked it (`shutdown`).
   */
  function preempt(name: string, how: 'disrupted' | 'gone' | 'shutdown'): void {
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }];
    for (const pod of podsOf(name)) {
      const status = { phase: 'Failed', reason: 'Terminated', message: 'Pod was terminated' };
      if (how === 'gone') objects.delete(keyOf('pods', pod.metadata.namespace ?? '', pod.metadata.name));
      else put('pods', { ...pod, status: how === 'shutdown' ? status : { ...status, conditions } });
    }
    const reason = how === 'shutdown' ? 'BackoffLimitExceeded' : 'PodFailurePolicy';
    setCondition(jobOf(name), { type: 'Failed', status: 'True', reason, message: 'Job has failed' });
  }

  /** The autoscaler finds no machine for pods that wait, and says so; left out = in no node pool. */
  function stockOut(namespace: string, nodePools?: readonly string[]): void {
    isStockedOut = (nodePool) => nodePools?.includes(nodePool) ?? true;
    for (const pod of all('pods', namespace))
      if (pod.status?.phase === 'Pending' && isStockedOut(nodePoolOf(pod))) sayStockOut(pod);
  }

  function sayStockOut(pod: KubeObject): void {
    say(pod, 'FailedScaleUp', 'Node scale up in zones europe-west1-b failed: GCE out of resources.');
  }

  /** One event of a kind for each pod, which is told anew. */
  function say({ metadata: { name, namespace } }: KubeObject, reason: string, message: string): void {
    put('events', {
      metadata: { name: `${name}.${reason.toLowerCase()}`, ...(namespace !== undefined && { namespace }) },
      involvedObject: { kind: 'Pod', name, namespace },
      ...{ reason, message, type: reason === 'TriggeredScaleUp' ? 'Normal' : 'Warning' },
      lastTimestamp: time(),
    });
  }

  /** The autoscaler has asked for machines for all pods that wait: it may get them this time. */
  function tryAgain(namespace: string): void {
    for (const pod of all('pods', namespace))
      if (pod.status?.phase === 'Pending')
        say(pod, 'TriggeredScaleUp', 'pod triggered scale-up: [{gke-tablao-1 0->1 (max: 20)}]');
  }

  /** A node has come after all; its image is still being pulled. */
  function giveNode(name: string): void {
    for (const pod of podsOf(name)) put('pods', { ...pod, spec: { ...pod.spec, nodeName: 'node-1' } });
  }

  const podNamed = (name: string) =>
    [...objects].find(([key, { metadata }]) => key.startsWith('pods/') && metadata.name === name)?.[1];

  clock.listen(settle);
  return {
    giveNode,
    /** As `kubectl delete pod`. */
    askToEnd: (name: string) => {
      const pod = podNamed(name);
      if (pod !== undefined) markDeleted(pod);
    },
    setReady: (name: string, isReady: boolean) => {
      const pod = podNamed(name);
      if (pod === undefined) return;
      const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False' }];
      put('pods', { ...pod, status: { ...pod.status, conditions } });
    },
    /** The cluster is deleted, with all that is on it. */
    clear: () => objects.clear(),
    get: (plural: string, namespace: string, name: string) => objects.get(keyOf(plural, namespace, name)),
    all,
    create,
    replace,
    remove,
    end,
    preempt,
    stockOut,
    tryAgain,
    outOfMemory: (name: string) => end(name, 137, 'OOMKilled'),
  };
}
