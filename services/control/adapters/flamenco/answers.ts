import { z } from 'zod';
import type { EpochMs } from '../../core/time.ts';
import type { FlamencoWorker, JobSeen, JobStatus, TaskSeen, TaskStatus } from '../../ports/manager.ts';
import { unreachable } from './errors.ts';

/** The keys under which a job carries what we submitted it for. */
export const metadataKeys = { run: 'tablao.run', round: 'tablao.round' } as const;

const jobStatuses: readonly JobStatus[] = [
  'under-construction',
  'queued',
  'active',
  'requeueing',
  'cancel-requested',
  'pause-requested',
  'paused',
  'completed',
  'failed',
  'canceled',
];
const taskStatuses: readonly TaskStatus[] = [
  'queued',
  'soft-failed',
  'active',
  'paused',
  'completed',
  'failed',
  'canceled',
];
const workerStatuses: readonly FlamencoWorker['status'][] = [
  '',
  'starting',
  'awake',
  'asleep',
  'offline',
  'error',
  'restart',
  'testing',
];

const time = z.string().transform((text, context): EpochMs => {
  const epochMs = Date.parse(text);
  if (!Number.isNaN(epochMs)) return epochMs;
  context.addIssue({ code: 'custom', message: `no time: ${text}` });
  return z.NEVER;
});

/** A status that a later Flamenco may have is read as one that leads to nothing: neither finished nor free. */
function statusOf<Status extends string>(known: readonly Status[], otherwise: Status) {
  return z.string().transform((text): Status => known.find((status) => status === text) ?? otherwise);
}

const job = z
  .object({
    id: z.string(),
    name: z.string(),
    status: statusOf(jobStatuses, 'active'),
    created: time,
    updated: time,
    metadata: z.record(z.string(), z.string()).optional(),
    steps_completed: z.number(),
    steps_total: z.number(),
    delete_requested_at: z.string().optional(),
  })
  .transform(
    (seen): JobSeen => ({
      id: seen.id,
      name: seen.name,
      status: seen.status,
      createdAt: seen.created,
      updatedAt: seen.updated,
      runId: seen.metadata?.[metadataKeys.run] ?? null,
      round: roundOf(seen.metadata?.[metadataKeys.round]),
      stepsCompleted: seen.steps_completed,
      stepsTotal: seen.steps_total,
      isDeleting: seen.delete_requested_at !== undefined,
    }),
  );

const task = z
  .object({
    id: z.string(),
    name: z.string(),
    status: statusOf(taskStatuses, 'active'),
    updated: time,
    steps_completed: z.number(),
    steps_total: z.number(),
    worker: z.object({ id: z.string() }).optional(),
  })
  .transform(
    (seen): TaskSeen => ({
      id: seen.id,
      name: seen.name,
      status: seen.status,
      updatedAt: seen.updated,
      stepsCompleted: seen.steps_completed,
      stepsTotal: seen.steps_total,
      workerId: seen.worker?.id || null,
    }),
  );

const worker = z
  .object({
    id: z.string(),
    name: z.string(),
    status: statusOf(workerStatuses, 'testing'),
    status_change: z.object({ status: z.string() }).optional(),
    last_seen: time.optional(),
  })
  .transform(
    (seen): FlamencoWorker => ({
      id: seen.id,
      name: seen.name,
      status: seen.status,
      isDraining: seen.status !== 'offline' && seen.status_change?.status === 'offline',
      lastSeenAt: seen.last_seen ?? null,
    }),
  );

const tag = z.object({ id: z.string(), name: z.string() });

/** Shapes of Flamenco's answers, mapped to our words (flamenco.md §1). */
export const answers = {
  jobs: z.object({ jobs: z.array(job) }),
  tasks: z.object({ tasks: z.array(task) }),
  task,
  workers: z.object({ workers: z.array(worker) }),
  tags: z.object({ tags: z.array(tag) }),
  tag,
} as const;

/** Reads an answer. One that has not its shape says nothing sure, so that is transient. */
export function read<Shape extends z.ZodType>(shape: Shape, answer: unknown, doing: string): z.output<Shape> {
  const result = shape.safeParse(answer);
  if (result.success) return result.data;
  throw unreachable(doing, new Error(`the answer cannot be understood: ${z.prettifyError(result.error)}`));
}

function roundOf(text: string | undefined): number | null {
  const round = Number(text);
  return text !== undefined && text !== '' && Number.isInteger(round) ? round : null;
}
