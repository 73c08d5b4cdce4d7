import type { Policy } from '../../../services/control/core/model.ts';
import type { RunRecord } from '../../../services/control/core/run.ts';
import type { StatusDocument } from '../../../services/control/core/status-document.ts';
import { POOL } from '../../reconcile/world.ts';
import type { Trace, TraceJob } from '../../sim/trace.ts';
import { createSimWorld, runsOf, runToEnd, type SimWorld, startService, upload } from '../../sim/world.ts';
import type { Outcome } from './outcome.ts';
import { Pictures } from './pictures.ts';
import { shotName, shotOf } from './shots.ts';

/** A trace that is not over by then never will be. */
const LONGEST_HOURS = 24 * 7;
const HOUR_MS = 3_600_000;
const LAST_PASSES_MS = 2 * 60_000;
/** What an n2d-standard-16 has for a frame. Whoever renders larger ones has a pool of larger machines, at the price of the trace. */
const USUAL_MEMORY_GIB = 52;

export interface Tablao {
  readonly outcome: Outcome;
  readonly world: SimWorld;
  readonly runs: readonly RunRecord[];
  readonly pictures: Pictures;
  /** How many the trace has. */
  readonly jobs: number;
}

/** Sees the status of each pass. */
export type Watch = (status: StatusDocument) => void;

interface Options {
  readonly policy?: Partial<Policy>;
  readonly watch?: Watch;
  /** The check finds an error in every shot. */
  readonly isBad?: boolean;
}

/** The production service on this trace. */
export async function runTablao(trace: Trace, seed: number, options: Options = {}): Promise<Tablao> {
  const { watch, isBad = false } = options;
  const policy = { ...policyOf(trace), ...options.policy };
  const world = createSimWorld({ seed, cloud: trace.cloud, policy });
  const { clock, startedAt, records } = world;
  const pictures = new Pictures(world);
  const onPass = () => {
    const status = records.valueAt('status.json');
    if (status !== undefined) watch?.(status as StatusDocument);
  };
  startService(world, { skipsStill: true, onError: fail, ...(watch === undefined ? {} : { onPass }) });
  let left = trace.jobs.length;
  trace.jobs.forEach((job, index) => {
    clock.at(startedAt + job.atSeconds * 1000, () => {
      left -= 1;
      const shot = shotOf(seed, job, index);
      const findings = isBad ? BAD : [];
      upload(world, shotName(index), { ...shot, findings }, settingsOf(job, clock.now()));
    });
  });
  await clock.run(clock.now() + LONGEST_HOURS * HOUR_MS, () => left === 0);
  await clock.run(clock.now() + 1000);
  await runToEnd(world, LONGEST_HOURS);
  // What was given up may go last of all, and is charged in the next pass.
  await clock.run(clock.now() + LAST_PASSES_MS);
  const outcome = outcomeOf(world, trace, pictures);
  return { outcome, world, runs: runsOf(world), pictures, jobs: trace.jobs.length };
}

const BAD = [{ code: 'missingImage', level: 'error', message: 'an image is missing' }] as const;

function fail(error: unknown): never {
  throw error;
}

function settingsOf(job: TraceJob, now: number): Record<string, unknown> {
  const { frames, chunkSize, finishByHours, maxDollars } = job;
  const finishBy =
    finishByHours === undefined ? {} : { finishBy: new Date(now + finishByHours * HOUR_MS).toISOString() };
  return {
    frames: `1-${frames}`,
    ...(chunkSize === undefined ? {} : { chunkSize }),
    ...(maxDollars === undefined ? {} : { maxDollars }),
    ...finishBy,
  };
}

/** What a deployment with this cloud and these wishes is configured with. */
export function policyOf({ jobs, cloud, policy }: Trace): Partial<Policy> {
  return {
    // A burst is not held back for a person's word here.
    maxAtOnce: Number.MAX_SAFE_INTEGER,
    idleTeardownMs: policy.idleTeardownSeconds * 1000,
    valueOfTimePerHour: policy.valueOfTimePerHour,
    checkFirst: 'never',
    maxFarmMs: LONGEST_HOURS * HOUR_MS,
    pools: [
      {
        ...POOL,
        name: 'cpu',
        max: policy.maxWorkers,
        pricePerHour: cloud.spotPricePerHour,
        // The deployment's guess, whatever this cloud is like; the pool's consolidation delay it has set itself.
        bootSeconds: 150,
        tailSeconds: cloud.nodeReleaseSeconds,
        memoryGiB: Math.max(USUAL_MEMORY_GIB, ...jobs.map(({ memoryGiB }) => memoryGiB)),
      },
    ],
  };
}

export function outcomeOf(world: SimWorld, { cloud, jobs }: Trace, pictures: Pictures): Outcome {
  const { bill, clock, tally, startedAt } = world;
  const dollars = bill.dollars(clock.now());
  const shots = jobs.map((_, index) => shotName(index));
  const jobEnds = shots.map((shot) => ((pictures.lastAt(shot) ?? startedAt) - startedAt) / 1000);
  return {
    dollars,
    minutes: Math.max(...jobEnds) / 60,
    renderShare: ((tally.sum('rendering') / 3600) * cloud.spotPricePerHour) / dollars,
    killedByScaling: tally.killedByUs,
    lostToPreemption: tally.lostToPreemption,
    jobEnds,
    jobFrames: shots.map((shot) => pictures.countOf(shot)),
  };
}
