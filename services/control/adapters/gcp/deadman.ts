import type { EpochMs } from '../../core/time.ts';
import { isPortError } from '../../ports/errors.ts';
import { type CallScheduler, ONCE } from './scheduler.ts';

/** Cloud Scheduler deletes the cluster by itself, unless it is put off again and again. */
export interface Deadman {
  /** Puts it off for this cluster; is left out while the last push is fresh. */
  push(cluster: ClusterNamed): Promise<void>;
  /**
   * For a cluster that is to go and does not let us yet, beside the one that is pushed: it is deleted once an hour until
   * that succeeds, whether anybody looks or not.
   */
  guard(cluster: ClusterNamed): Promise<void>;
  /** It is gone: no more of that. */
  release(cluster: ClusterNamed): Promise<void>;
}

interface ClusterNamed {
  readonly name: string;
  readonly zone: string;
}

interface Options {
  readonly call: CallScheduler;
  /** Its full name: `projects/P/locations/L/jobs/J`. The job exists (paused), with the account that may delete clusters. */
  readonly job: string;
  readonly project: string;
  readonly account: string;
  /** How far ahead it is set. */
  readonly afterMs: number;
  readonly clock: { now(): EpochMs };
}

const MINUTE_MS = 60_000;
/** A push that is younger than this share of the whole time is fresh. */
const FRESH_SHARE = 1 / 6;
const WHAT_AND_WHEN = { paths: ['schedule', 'time_zone', 'http_target'] };
const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';

/**
 * Each push sets the job's schedule to one minute of one day, far enough ahead. It calls GKE's own delete: nothing of
 * ours takes part. A date comes again each year: then there is no such cluster any more (404).
 */
export function createDeadman({ call, job, project, account, afterMs, clock }: Options): Deadman {
  const targetOf = ({ name, zone }: ClusterNamed) => ({
    uri: `https://container.googleapis.com/v1/projects/${project}/locations/${zone}/clusters/${name}`,
    httpMethod: 'DELETE' as const,
    oauthToken: { serviceAccountEmail: account, scope: CLOUD_PLATFORM },
  });
  const spareOf = ({ name }: ClusterNamed) => `${job}-${name}`;
  let last: { readonly of: string; readonly at: EpochMs } | null = null;
  return {
    push: async (cluster) => {
      const of = `${cluster.zone}/${cluster.name}`;
      const now = clock.now();
      if (last?.of === of && now - last.at < afterMs * FRESH_SHARE) return;
      const doing = `putting off the deletion of cluster ${cluster.name}`;
      const request = {
        job: {
          name: job,
          schedule: cronOf(now + afterMs),
          timeZone: 'Etc/UTC',
          httpTarget: targetOf(cluster),
        },
        updateMask: WHAT_AND_WHEN,
      };
      const [updated] = await call(doing, (scheduler) => scheduler.updateJob(request, ONCE));
      if (String(updated.state) !== 'ENABLED')
        await call(doing, (scheduler) => scheduler.resumeJob({ name: job }, ONCE));
      last = { of, at: now };
    },

    guard: async (cluster) => {
      const minute = new Date(clock.now()).getUTCMinutes();
      const spare = {
        name: spareOf(cluster),
        schedule: `${minute} * * * *`,
        timeZone: 'Etc/UTC',
        httpTarget: targetOf(cluster),
      };
      const parent = job.slice(0, job.indexOf('/jobs/'));
      const doing = `guarding cluster ${cluster.name}`;
      await call(doing, (scheduler) => scheduler.createJob({ parent, job: spare }, ONCE)).catch(
        async (error: unknown) => {
          if (!isPortError(error, 'conflict')) throw error;
          // Ours, or one that was left over from a cluster of that name elsewhere.
          const request = { job: spare, updateMask: WHAT_AND_WHEN };
          await call(doing, (scheduler) => scheduler.updateJob(request, ONCE));
        },
      );
    },

    release: async (cluster) => {
      await call(`releasing cluster ${cluster.name}`, (scheduler) =>
        scheduler.deleteJob({ name: spareOf(cluster) }, ONCE),
      ).catch((error: unknown) => {
        if (!isPortError(error, 'notFound')) throw error;
      });
    },
  };
}

/** The next full minute, as a cron line in UTC. */
function cronOf(at: EpochMs): string {
  const date = new Date(Math.ceil(at / MINUTE_MS) * MINUTE_MS);
  return `${date.getUTCMinutes()} ${date.getUTCHours()} ${date.getUTCDate()} ${date.getUTCMonth() + 1} *`;
}
