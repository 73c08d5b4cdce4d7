import type { CoreV1Event, V1Job, V1Pod } from '@kubernetes/client-node';
import type { WorkerSeen } from '../../ports/workers.ts';

/** Labels of the chart's Job templates. */
export const POOL_LABEL = 'tablao/pool';
const NODE_POOL_LABEL = 'tablao/node-pool';
const JOB_NAME_LABEL = 'batch.kubernetes.io/job-name';
/** The container in which Flamenco's worker runs. */
const CONTAINER = 'worker';
/** What a pod's status says when its machine was taken away or shut down. */
const TAKEN_AWAY = new Set([
  'Terminated',
  'NodeShutdown',
  'NodeLost',
  'Preempting',
  'Shutdown',
  'NodeAffinity',
]);

/** A worker as its Job, the Job's pods, and the pods' events show it. */
export function workerSeen(job: V1Job, pods: readonly V1Pod[], events: readonly CoreV1Event[]): WorkerSeen {
  const name = job.metadata?.name ?? '';
  const own = pods.filter((pod) => pod.metadata?.labels?.[JOB_NAME_LABEL] === name);
  const common = {
    name,
    pool: job.metadata?.labels?.[POOL_LABEL] ?? '',
    variant: job.metadata?.labels?.[NODE_POOL_LABEL] ?? null,
    orderedAt: job.metadata?.creationTimestamp?.getTime() ?? 0,
    startedAt: startOf(own),
  };
  const end = endOf(job, own);
  if (end !== null) return { ...common, state: 'ended', ...end, why: whyDied(job, own) };
  const isRunning = own.some((pod) => pod.status?.phase === 'Running' && hasStarted(pod));
  const why = isRunning ? null : whyWaiting(own, events);
  return { ...common, state: isRunning ? 'running' : 'waiting', endedAt: null, outcome: null, why };
}

/** `null` = it lives. */
function endOf(job: V1Job, pods: readonly V1Pod[]): Pick<WorkerSeen, 'endedAt' | 'outcome'> | null {
  const at = (type: string) => condition(job, type)?.lastTransitionTime?.getTime() ?? 0;
  if (condition(job, 'Complete')) return { endedAt: at('Complete'), outcome: 'done' };
  if (condition(job, 'Failed')) return { endedAt: at('Failed'), outcome: outcomeOfFailure(job, pods) };
  // We asked it to end: Kubernetes ends the pod and keeps the Job, which is over once the pod is gone.
  if (job.spec?.suspend === true && pods.length === 0) return { endedAt: at('Suspended'), outcome: 'done' };
  return null;
}

function outcomeOfFailure(job: V1Job, pods: readonly V1Pod[]): WorkerSeen['outcome'] {
  if (pods.some((pod) => terminated(pod)?.reason === 'OOMKilled')) return 'outOfMemory';
  // The chart's rule for disruptions; it holds when the pod is gone too.
  if (condition(job, 'Failed')?.reason === 'PodFailurePolicy') return 'preempted';
  const isTaken = pods.some(
    ({ status }) =>
      TAKEN_AWAY.has(status?.reason ?? '') ||
      status?.conditions?.some(({ type, status: is }) => type === 'DisruptionTarget' && is === 'True'),
  );
  return isTaken ? 'preempted' : 'failed';
}

function whyDied(job: V1Job, pods: readonly V1Pod[]): string | null {
  const failed = condition(job, 'Failed');
  if (!failed) return null;
  for (const pod of pods) {
    const end = terminated(pod);
    if (end !== undefined)
      return [end.reason, `exit ${end.exitCode}`, end.message].filter(Boolean).join(', ');
    if (pod.status?.reason) return `${pod.status.reason}: ${pod.status.message ?? ''}`;
  }
  return `${failed.reason ?? ''}: ${failed.message ?? ''}`;
}

/** The autoscaler's word goes before the scheduler's, which only knows that no node fits now. */
function whyWaiting(pods: readonly V1Pod[], events: readonly CoreV1Event[]): string | null {
  const [pod] = pods;
  if (pod === undefined) return null;
  // Events live for an hour: what the autoscaler said before there was a node says nothing about a pod that has one.
  const hasNode = pod.spec?.nodeName !== undefined;
  const about = (hasNode ? [] : events)
    .filter(({ involvedObject }) => involvedObject.name === pod.metadata?.name)
    .sort((a, b) => timeOf(b) - timeOf(a));
  const [latest] = about;
  return latest === undefined ? whyPodWaits(pod, CONTAINER) : `${latest.reason}: ${latest.message}`;
}

/** Why a container of a pod does not run, by the pod's own status; `null` = nothing is said. */
export function whyPodWaits(pod: V1Pod, containerName: string): string | null {
  const container = pod.status?.containerStatuses?.find(({ name }) => name === containerName);
  const waiting = container?.state?.waiting;
  if (waiting?.reason && waiting.reason !== 'ContainerCreating' && waiting.reason !== 'PodInitializing')
    return [waiting.reason, waiting.message].filter(Boolean).join(': ');
  const unscheduled = pod.status?.conditions?.find(
    ({ type, status }) => type === 'PodScheduled' && status === 'False',
  );
  return unscheduled?.message ?? null;
}

function timeOf({ lastTimestamp, eventTime, metadata }: CoreV1Event): number {
  return (lastTimestamp ?? eventTime ?? metadata.creationTimestamp)?.getTime() ?? 0;
}

function hasStarted(pod: V1Pod): boolean {
  return (
    pod.status?.containerStatuses?.some(({ name, state }) => name === CONTAINER && state?.running) ?? false
  );
}

/** When the container began, whether it still runs or not. */
function startOf(pods: readonly V1Pod[]): number | null {
  for (const pod of pods) {
    const state = pod.status?.containerStatuses?.find(({ name }) => name === CONTAINER)?.state;
    const startedAt = state?.running?.startedAt ?? state?.terminated?.startedAt;
    if (startedAt !== undefined) return startedAt.getTime();
  }
  return null;
}

function terminated(pod: V1Pod) {
  return pod.status?.containerStatuses?.find(({ name }) => name === CONTAINER)?.state?.terminated;
}

function condition({ status }: V1Job, wanted: string) {
  return status?.conditions?.find(({ type, status: is }) => type === wanted && is === 'True');
}
