import type { JobOrder } from '../../core/actions.ts';
import { isPortError, PortError } from '../../ports/errors.ts';
import type { JobSeen } from '../../ports/manager.ts';
import { answers, metadataKeys, read } from './answers.ts';
import type { Http } from './http.ts';
import { ensureTag } from './tags.ts';

/** Our own job type; its script lies beside the manager (services/blender-kit). */
const jobType = 'tablao-render';

/**
 * Submits a job once, though Flamenco knows no idempotency key: each job carries its run and round and is made paused;
 * only the oldest of its kind is kept and queued. Whatever stops this half-way, a repeat completes it.
 */
export async function submitOnce(http: Http, job: JobOrder): Promise<string> {
  const doing = `submitting run ${job.runId}, round ${job.round}`;
  if ((await jobsOf(http, job, doing)).length === 0) await post(http, job, doing);
  const [kept, ...others] = await jobsOf(http, job, doing);
  if (kept === undefined)
    throw new PortError('transient', doing, { cause: new Error('the new job is not listed') });
  for (const other of others) await remove(http, other, doing);
  if (kept.status === 'paused') await queue(http, kept, doing);
  return kept.id;
}

async function post(http: Http, job: JobOrder, doing: string): Promise<void> {
  const tag = job.workerTag === null ? {} : { worker_tag: await ensureTag(http, job.workerTag, doing) };
  const submitted = {
    name: job.name,
    type: jobType,
    priority: job.priority,
    submitter_platform: 'manager',
    initial_status: 'paused',
    settings: job.settings,
    metadata: { [metadataKeys.run]: job.runId, [metadataKeys.round]: String(job.round) },
    ...tag,
  };
  await http.post('jobs', submitted, doing);
}

/**
 * The jobs of that run and round, the one to keep first: submitters at the same time must choose the same. So of jobs of
 * one millisecond the first in the list comes first, which is the first that was stored: by its id another could come
 * before one that its submitter has queued already.
 */
async function jobsOf(http: Http, { runId, round }: JobOrder, doing: string): Promise<readonly JobSeen[]> {
  const { jobs } = read(answers.jobs, await http.get('jobs', doing), doing);
  return jobs
    .filter((job) => job.runId === runId && job.round === round && !job.isDeleting)
    .sort((a, b) => a.createdAt - b.createdAt);
}

async function queue(http: Http, job: JobSeen, doing: string): Promise<void> {
  await http
    .post(`jobs/${job.id}/setstatus`, { status: 'queued', reason: 'submitted' }, doing)
    .catch((error: unknown) => {
      // Somebody deleted it since the list was read: the next pass submits again.
      throw isPortError(error, 'notFound') ? new PortError('transient', doing, { cause: error }) : error;
    });
}

/** The other submitter may have deleted it already. */
async function remove(http: Http, job: JobSeen, doing: string): Promise<void> {
  await http.delete(`jobs/${job.id}`, doing).catch((error: unknown) => {
    if (!isPortError(error, 'notFound')) throw error;
  });
}
