import type { EpochMs } from '../../core/time.ts';
import { type CallScheduler, ONCE } from './scheduler.ts';

/** Cloud Scheduler deletes the cluster by itself, unless it is put off again and again. */
export interface Deadman {
  /** Puts it off for this cluster; is left out while the last push is fresh. */
  push(cluster: { readonly name: string; readonly zone: string }): Promise<void>;
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
const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';

/**
 * Each push sets the job's schedule to one minute of one day, far enough ahead. It calls GKE's own delete: nothing of
 * ours takes part. A date comes again each year: then there is no such cluster any more (404).
 */
export function createDeadman({ call, job, project, account, afterMs, clock }: Options): Deadman {
  let last: { readonly of: string; readonly at: EpochMs } | null = null;
  return {
    push: async ({ name, zone }) => {
      const of = `${zone}/${name}`;
      const now = clock.now();
      if (last?.of === of && now - last.at < afterMs * FRESH_SHARE) return;
      const doing = `putting off the deletion of cluster ${name}`;
      const uri = `https://container.googleapis.com/v1/projects/${project}/locations/${zone}/clusters/${name}`;
      const oauthToken = { serviceAccountEmail: account, scope: CLOUD_PLATFORM };
      const request = {
        job: {
          name: job,
          schedule: cronOf(now + afterMs),
          timeZone: 'Etc/UTC',
          httpTarget: { uri, httpMethod: 'DELETE' as const, oauthToken },
        },
        updateMask: { paths: ['schedule', 'time_zone', 'http_target'] },
      };
      const [updated] = await call(doing, (scheduler) => scheduler.updateJob(request, ONCE));
      if (String(updated.state) !== 'ENABLED')
        await call(doing, (scheduler) => scheduler.resumeJob({ name: job }, ONCE));
      last = { of, at: now };
    },
  };
}

/** The next full minute, as a cron line in UTC. */
function cronOf(at: EpochMs): string {
  const date = new Date(Math.ceil(at / MINUTE_MS) * MINUTE_MS);
  return `${date.getUTCMinutes()} ${date.getUTCHours()} ${date.getUTCDate()} ${date.getUTCMonth() + 1} *`;
}
