import type { FastifyInstance } from 'fastify';
import { RUN_STATES } from '../core/run.ts';
import type { StatusDocument } from '../core/status-document.ts';
import type { EpochMs } from '../core/time.ts';
import type { AppDeps } from './deps.ts';
import { isStale, type StatusSeen } from './status-reader.ts';

/** Says nothing but whether the service is ready, so anybody may ask, under any name. */
export const HEALTH = '/healthz';

interface Options {
  readonly deps: AppDeps;
  readonly readStatus: () => Promise<StatusSeen>;
}

/** `GET /healthz`. */
export async function healthRoutes(app: FastifyInstance, deps: AppDeps): Promise<void> {
  app.get(HEALTH, async (_request, reply) => {
    const isReady = deps.isReady();
    return reply
      .code(isReady ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ ready: isReady });
  });
}

/** `GET /metrics` (Prometheus). */
export async function metricsRoutes(app: FastifyInstance, { deps, readStatus }: Options): Promise<void> {
  app.get('/metrics', async (_request, reply) => {
    const { document } = await readStatus();
    return reply
      .type('text/plain; version=0.0.4; charset=utf-8')
      .send(metricsText(document, deps.clock.now()));
  });
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [Labels, number];

/** The status in Prometheus' text format. */
export function metricsText(status: StatusDocument, now: EpochMs): string {
  const open = status.runs.filter((run) => run.state === 'queued' || run.state === 'rendering');
  return [
    gauge('tablao_farm_stage', '1 for the stage that the farm is in', [[{ stage: status.farm.stage }, 1]]),
    gauge('tablao_workers', 'workers by pool and what they do', status.pools.flatMap(workerSamples)),
    gauge(
      'tablao_runs',
      'runs on the status by state',
      RUN_STATES.map((state) => [{ state }, status.runs.filter((run) => run.state === state).length]),
    ),
    gauge('tablao_frames_left', 'frames of queued and rendering runs that are not done', [
      [{}, open.reduce((sum, run) => sum + Math.max(0, run.frames.total - run.frames.done), 0)],
    ]),
    gauge('tablao_dollars_today', 'spent today (UTC)', [[{}, status.money.today]]),
    gauge('tablao_dollars_month', 'spent this month (UTC)', [[{}, status.money.month]]),
    gauge('tablao_leftovers', 'things found after a tear-down', [[{}, status.leftovers?.length ?? 0]]),
    gauge('tablao_status_age_seconds', 'since the last look', [[{}, (now - Date.parse(status.asOf)) / 1000]]),
    gauge('tablao_status_stale', '1 when nobody has looked for too long', [
      [{}, isStale(status, now) ? 1 : 0],
    ]),
  ].join('');
}

function workerSamples(pool: StatusDocument['pools'][number]): readonly Sample[] {
  return (['wanted', 'booting', 'busy', 'idle', 'draining'] as const).map((state) => [
    { pool: pool.name, state },
    pool[state],
  ]);
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`;
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(
    ([key, value]) =>
      `${key}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}
