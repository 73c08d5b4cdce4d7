import type { V1Job } from '@kubernetes/client-node';
import { isPortError, PortError } from '../../ports/errors.ts';
import type { WorkerSeen, Workers } from '../../ports/workers.ts';
import type { CallKube } from './kube.ts';
import { POOL_LABEL, workerSeen } from './worker-jobs.ts';

interface Options {
  readonly kube: CallKube;
  /** The API server of the cluster that is up; `null` = there is none. */
  readonly server: () => Promise<string | null>;
  readonly namespace: string;
  /** The chart's release. */
  readonly release: string;
  /** The node pools of a pool in the order in which they are wanted; what is not named comes last, by name. */
  readonly nodePoolsOf: (pool: string) => readonly string[];
}

/** The autoscaler's words about a pod for which it finds no machine, and that it has asked for one: the last one counts. */
const SCALE_UPS = ['FailedScaleUp', 'NotTriggerScaleUp', 'TriggeredScaleUp'];

/** Workers as Kubernetes Jobs of one pod each, made from the templates that the chart has put into a ConfigMap. */
export function createKubeWorkers({ kube, server, namespace, release, nodePoolsOf }: Options): Workers {
  const labelSelector = `app.kubernetes.io/instance=${release},app.kubernetes.io/component=worker`;

  async function find(at: string, name: string): Promise<V1Job | null> {
    try {
      return await kube(at, `looking at worker ${name}`, ({ batch }) =>
        batch.readNamespacedJob({ namespace, name }),
      );
    } catch (error) {
      if (isPortError(error, 'notFound')) return null;
      throw error;
    }
  }

  async function jobsAndPods(at: string) {
    // Jobs first: a pod whose Job came after them is nobody yet.
    const jobs = await kube(at, 'listing workers', ({ batch }) =>
      batch.listNamespacedJob({ namespace, labelSelector }),
    );
    const pods = await kube(at, "listing workers' pods", ({ core }) =>
      core.listNamespacedPod({ namespace, labelSelector }),
    );
    return { jobs: jobs.items, pods: pods.items };
  }

  async function eventsOf(at: string, isNeeded: boolean) {
    if (!isNeeded) return [];
    const lists = await Promise.all(
      SCALE_UPS.map((reason) =>
        kube(at, 'asking why workers wait', ({ core }) =>
          core.listNamespacedEvent({ namespace, fieldSelector: `involvedObject.kind=Pod,reason=${reason}` }),
        ),
      ),
    );
    return lists.flatMap(({ items }) => items);
  }

  async function template(at: string, pool: string, variant: string | null): Promise<V1Job> {
    const { data = {} } = await kube(at, 'reading the templates of workers', ({ core }) =>
      core.readNamespacedConfigMap({ namespace, name: `${release}-worker-jobs` }),
    );
    const wanted = variant === null ? nodePoolsOf(pool) : [variant];
    const rank = (name: string) => (wanted.includes(name) ? wanted.indexOf(name) : wanted.length);
    const all = Object.keys(data).map((file) => file.replace(/\.json$/, ''));
    const names = variant === null ? all : all.filter((name) => name === variant);
    for (const name of names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))) {
      const job = JSON.parse(data[`${name}.json`] ?? '{}') as V1Job;
      if (job.metadata?.labels?.[POOL_LABEL] === pool) return job;
    }
    const kind = variant === null ? '' : ` on ${variant}`;
    throw new PortError('invalid', `ordering workers: the chart has no template for pool ${pool}${kind}`);
  }

  return {
    list: async () => {
      const at = await server();
      if (at === null) return [];
      const { jobs, pods } = await jobsAndPods(at);
      const isNeeded = pods.some(({ status }) => status?.phase === 'Pending');
      const events = await eventsOf(at, isNeeded);
      return jobs.map((job): WorkerSeen => workerSeen(job, pods, events));
    },

    order: async (pool, names, variant = null) => {
      const at = await server();
      if (at === null) throw new PortError('notFound', 'ordering workers of a farm that is not up');
      if (names.length === 0) return;
      const job = await template(at, pool, variant);
      for (const name of names) {
        const body = { ...job, metadata: { ...job.metadata, name } };
        await kube(at, `ordering worker ${name}`, ({ batch }) =>
          batch.createNamespacedJob({ namespace, body }),
        ).catch((error: unknown) => {
          if (!isPortError(error, 'conflict')) throw error;
        });
      }
    },

    remove: async (name) => {
      const at = await server();
      const job = at === null ? null : await find(at, name);
      if (at === null || job === null) return;
      const { items } = await kube(at, `looking at the pod of worker ${name}`, ({ core }) =>
        core.listNamespacedPod({ namespace, labelSelector: `batch.kubernetes.io/job-name=${name}` }),
      );
      if (workerSeen(job, items, []).state === 'ended') await forget(at, name);
      else await askToEnd(at, name);
    },
  };

  async function forget(at: string, name: string): Promise<void> {
    await kube(at, `forgetting worker ${name}`, ({ batch }) =>
      batch.deleteNamespacedJob({ namespace, name, propagationPolicy: 'Background' }),
    ).catch((error: unknown) => {
      if (!isPortError(error, 'notFound')) throw error;
    });
  }

  /** Suspending a Job ends its pod in peace (SIGTERM) and keeps the Job, so that what became of it can be seen. */
  async function askToEnd(at: string, name: string): Promise<void> {
    const body = [{ op: 'add', path: '/spec/suspend', value: true }];
    await kube(at, `asking worker ${name} to end`, ({ batch }) =>
      batch.patchNamespacedJob({ namespace, name, body }),
    ).catch((error: unknown) => {
      if (!isPortError(error, 'notFound')) throw error;
    });
  }
}
