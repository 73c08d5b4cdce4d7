import { googleError } from './google-error.ts';
import { isLetIn, type LetIn } from './let-in.ts';
import { type CalledJob, isDue } from './scheduler-calls.ts';
import { type Answer, type Asked, json, type Server, startServer } from './server.ts';

interface Job extends CalledJob {
  readonly schedule?: string;
  readonly timeZone?: string;
  readonly state?: string;
  readonly lastAttemptTime?: string;
}

export interface SchedulerStandIn extends Server {
  find(name: string): Job | undefined;
  /** Names of the jobs that were run out of turn. */
  readonly runs: readonly string[];
  /** Status of each call of a target, with the job's name, as they ended; 0 = no answer. */
  readonly calls: readonly (readonly [string, number])[];
  /** Calls the targets of the jobs that are due in the minute of `at` and not under way. */
  fireDue(at: number): void;
  /** Once no call is under way. */
  settled(): Promise<void>;
}

interface Options {
  /** Calls a job's target; left out = nothing is called. */
  readonly call?: (job: CalledJob) => Promise<number>;
  readonly clock?: { now(): number };
  readonly token?: LetIn;
}

/** The enums that arrive as numbers. */
const METHODS = ['', 'POST', 'GET', 'HEAD', 'PUT', 'DELETE'];

/** Cloud Scheduler's API with the jobs that are given. It fires what is due when it is told that time has gone by. */
export async function startScheduler(
  t: { after(fn: () => unknown): void },
  given: readonly Job[],
  { call, clock = { now: () => Date.now() }, token = null }: Options = {},
): Promise<SchedulerStandIn> {
  const jobs = new Map(given.map((job) => [job.name, { state: 'ENABLED', ...job }]));
  const runs: string[] = [];
  const calls: [string, number][] = [];
  const underWay = new Map<string, Promise<void>>();

  function execute(name: string): void {
    const job = jobs.get(name);
    if (call === undefined || job === undefined) return;
    jobs.set(name, { ...job, lastAttemptTime: new Date(clock.now()).toISOString() });
    const called = call(job).then((status) => void calls.push([name, status]));
    const run = Promise.all([underWay.get(name), called]).then(() => {
      if (underWay.get(name) === run) underWay.delete(name);
    });
    underWay.set(name, run);
  }

  function answer({ method, url, body, headers }: Asked): Answer {
    if (!isLetIn(token, headers.authorization)) return googleError(401, 'invalid credentials');
    const found = /^\/v1\/(projects\/[^/]+\/locations\/[^/]+\/jobs)(?:\/([^/:]+))?(?::(\w+))?$/.exec(
      url.pathname,
    );
    if (found === null) return googleError(404, `no such path: ${url.pathname}`);
    const [, parent, id, verb] = found;
    if (id === undefined && method === 'POST') return create(JSON.parse(body.toString()));
    if (id === undefined) return json(200, { jobs: [...jobs.values()] });
    const name = `${parent}/${id}`;
    const job = jobs.get(name);
    if (job === undefined) return googleError(404, `Job not found: ${name}`);
    if (method === 'GET') return json(200, job);
    if (method === 'DELETE') {
      jobs.delete(name);
      return json(200, {});
    }
    if (method === 'PATCH') return change({ ...job, ...masked(JSON.parse(body.toString()), url) });
    if (verb === 'run') {
      runs.push(name);
      execute(name);
      return json(200, job);
    }
    if (verb === 'pause' && job.state === 'ENABLED') return change({ ...job, state: 'PAUSED' });
    if (verb === 'resume' && job.state === 'PAUSED') return change({ ...job, state: 'ENABLED' });
    return googleError(400, `The job is ${job.state}.`, 'FAILED_PRECONDITION');
  }

  function create(job: Job): Answer {
    if (jobs.has(job.name)) return googleError(409, `Job ${job.name} already exists.`);
    return change({ state: 'ENABLED', ...job, ...withMethod(job) });
  }

  function change(job: Job & { readonly state: string }): Answer {
    jobs.set(job.name, job);
    return json(200, job);
  }

  const server = await startServer({
    clock,
    answer,
    failure: (status) => googleError(status),
  });
  t.after(() => server.close());
  return Object.assign(server, {
    find: (name: string) => jobs.get(name),
    runs,
    calls,
    fireDue: (at: number) => {
      for (const { name, state, schedule } of [...jobs.values()])
        if (state === 'ENABLED' && schedule && isDue(schedule, at) && !underWay.has(name)) execute(name);
    },
    settled: async () => {
      while (underWay.size > 0) await Promise.all(underWay.values());
    },
  });
}

/** Only what the mask names is taken over. */
function masked(job: Job, url: URL): Partial<Job> {
  const paths = (url.searchParams.get('updateMask') ?? '').split(',');
  const has = (...names: string[]) => names.some((name) => paths.includes(name));
  return {
    ...(has('schedule') && job.schedule !== undefined && { schedule: job.schedule }),
    ...(has('timeZone', 'time_zone') && job.timeZone !== undefined && { timeZone: job.timeZone }),
    ...(has('httpTarget', 'http_target') && withMethod(job)),
  };
}

/** The target with its method's name. */
function withMethod({ httpTarget }: Job): Partial<Job> {
  if (httpTarget === undefined) return {};
  const httpMethod = METHODS[Number(httpTarget.httpMethod)] ?? String(httpTarget.httpMethod);
  return { httpTarget: { ...httpTarget, httpMethod } };
}
