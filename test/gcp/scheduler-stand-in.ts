import { googleError } from './google-error.ts';
import { type Answer, type Asked, json, type Server, startServer } from './server.ts';

interface Job {
  readonly name: string;
  readonly schedule?: string;
  readonly timeZone?: string;
  readonly state?: string;
  readonly httpTarget?: { readonly uri?: string; readonly httpMethod?: string | number } & Readonly<
    Record<string, unknown>
  >;
}

export interface SchedulerStandIn extends Server {
  find(name: string): Job | undefined;
  /** Names of the jobs that were run out of turn. */
  readonly runs: readonly string[];
}

/** The enums that arrive as numbers. */
const METHODS = ['', 'POST', 'GET', 'HEAD', 'PUT', 'DELETE'];

/** Cloud Scheduler's API with the jobs that are given. It fires nothing by itself. */
export async function startScheduler(
  t: { after(fn: () => unknown): void },
  given: readonly Job[],
): Promise<SchedulerStandIn> {
  const jobs = new Map(given.map((job) => [job.name, { state: 'ENABLED', ...job }]));
  const runs: string[] = [];

  function answer({ method, url, body }: Asked): Answer {
    const found = /^\/v1\/(projects\/[^/]+\/locations\/[^/]+\/jobs)(?:\/([^/:]+))?(?::(\w+))?$/.exec(
      url.pathname,
    );
    if (found === null) return googleError(404, `no such path: ${url.pathname}`);
    const [, parent, id, verb] = found;
    if (id === undefined) return json(200, { jobs: [...jobs.values()] });
    const name = `${parent}/${id}`;
    const job = jobs.get(name);
    if (job === undefined) return googleError(404, `Job not found: ${name}`);
    if (method === 'GET') return json(200, job);
    if (method === 'PATCH') return change({ ...job, ...masked(JSON.parse(body.toString()), url) });
    if (verb === 'run') {
      runs.push(name);
      return json(200, job);
    }
    if (verb === 'pause' && job.state === 'ENABLED') return change({ ...job, state: 'PAUSED' });
    if (verb === 'resume' && job.state === 'PAUSED') return change({ ...job, state: 'ENABLED' });
    return googleError(400, `The job is ${job.state}.`, 'FAILED_PRECONDITION');
  }

  function change(job: Job & { readonly state: string }): Answer {
    jobs.set(job.name, job);
    return json(200, job);
  }

  const server = await startServer({
    clock: { now: () => Date.now() },
    answer,
    failure: (status) => googleError(status),
  });
  t.after(() => server.close());
  return Object.assign(server, { find: (name: string) => jobs.get(name), runs });
}

/** Only what the mask names is taken over. */
function masked(job: Job, url: URL): Partial<Job> {
  const paths = (url.searchParams.get('updateMask') ?? '').split(',');
  const has = (...names: string[]) => names.some((name) => paths.includes(name));
  const target = job.httpTarget;
  return {
    ...(has('schedule') && job.schedule !== undefined && { schedule: job.schedule }),
    ...(has('timeZone', 'time_zone') && job.timeZone !== undefined && { timeZone: job.timeZone }),
    ...(has('httpTarget', 'http_target') &&
      target !== undefined && {
        httpTarget: {
          ...target,
          httpMethod: METHODS[Number(target.httpMethod)] ?? String(target.httpMethod),
        },
      }),
  };
}
