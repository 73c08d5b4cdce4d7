import type { CloudSchedulerClient } from '@google-cloud/scheduler';
import type { Ticker } from '../../ports/ticker.ts';
import { cloudWork } from './errors.ts';

type ClientOptions = NonNullable<ConstructorParameters<typeof CloudSchedulerClient>[0]>;

export interface SchedulerOptions {
  readonly projectId: string;
  /** Another server than Google's, and how to be let in there. */
  readonly endpoint?: Pick<ClientOptions, 'apiEndpoint' | 'port' | 'protocol' | 'authClient'>;
}

/** Calls Cloud Scheduler, whose client is loaded with the first call. */
export type CallScheduler = <T>(
  doing: string,
  work: (client: CloudSchedulerClient) => Promise<T>,
) => Promise<T>;

/** The client waits up to 10 minutes and tries again meanwhile, unless each call says otherwise. */
export const ONCE = { timeout: 10_000, retry: null };

export function createScheduler({ projectId, endpoint }: SchedulerOptions): CallScheduler {
  let client: Promise<CloudSchedulerClient> | null = null;
  return (doing, work) => {
    client ??= import('./load-scheduler.ts').then(
      ({ CloudSchedulerClient: Client }) => new Client({ projectId, ...endpoint, fallback: true }),
    );
    return cloudWork(doing, async () => work((await client) as CloudSchedulerClient));
  };
}

/** Kicks by having Cloud Scheduler run the tick's job now: its request is another one, and has a processor of its own. */
export function createCloudTicker(call: CallScheduler, job: string): Ticker {
  return {
    kick: async () => {
      await call('kicking the tick', (scheduler) => scheduler.runJob({ name: job }, ONCE));
    },
  };
}
