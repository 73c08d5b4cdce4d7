import { z } from 'zod';

/** Seconds are positive or none; money in dollars. */
const seconds = z.number().min(0);
const dollars = z.number().min(0);

const jobSchema = z.strictObject({
  atSeconds: seconds,
  frames: z.int().min(1).max(100_000),
  secondsPerFrame: z.strictObject({
    mean: z.number().positive(),
    cv: z.number().min(0).max(5),
    /** The last third of the frames takes so many times longer. */
    lastThirdFactor: z.number().positive().default(1),
  }),
  /** Until Blender has loaded the shot, for each task anew; 5 s: the sample and middling production files on 16 cores. */
  loadSeconds: seconds.default(5),
  /** The machines have room for it, whatever it is. */
  memoryGiB: z.number().positive().default(4),
  chunkSize: z.int().min(1).optional(),
  finishByHours: z.number().positive().optional(),
  maxDollars: z.number().positive().optional(),
});

const spread = (median: number, sigma: number) =>
  z
    .strictObject({ median: z.number().min(0).default(median), sigma: z.number().min(0).default(sigma) })
    .default({ median, sigma });

const cloudSchema = z.strictObject({
  // Times of `clusters create` with one small node in public run logs of 2025 and 2026 (reference/google-cloud.md §5): the
  // control plane takes 4 to 7 minutes, with a long tail.
  clusterCreateSeconds: spread(366, 0.46),
  // From the order to a worker that runs: autoscaler 30 s, machine 40 s, image pull and Flamenco 80 s.
  nodeBootSeconds: spread(150, 0.25),
  // The pool's consolidation delay (charts and Terraform set it so short).
  nodeReleaseSeconds: seconds.default(60),
  clusterDeleteSeconds: seconds.default(220),
  // Spot machines of middling sizes live for days as a rule.
  preemptionsPerHour: z.number().min(0).default(0.05),
  zoneEventsPerHour: z.number().min(0).default(0),
  stockouts: z.array(z.strictObject({ fromSeconds: seconds, toSeconds: seconds })).default([]),
  // n2d-standard-16 spot, e2-standard-2, and GKE's fee for a zonal cluster: list prices of November 2026.
  spotPricePerHour: dollars.default(0.196),
  managerPricePerHour: dollars.default(0.067),
  clusterFeePerHour: dollars.default(0.1),
});

const traceSchema = z.strictObject({
  name: z.string().min(1),
  jobs: z.array(jobSchema).min(1),
  cloud: cloudSchema.prefault({}),
  policy: z
    .strictObject({
      maxWorkers: z.int().min(1).max(10_000).default(50),
      valueOfTimePerHour: dollars.default(2),
      idleTeardownSeconds: seconds.default(0),
    })
    .prefault({}),
  seeds: z.int().min(1).max(100_000).default(40),
});

/** A workload and the cloud that it meets. Times in seconds from its beginning, money in dollars. */
export type Trace = z.output<typeof traceSchema>;
export type TraceJob = Trace['jobs'][number];
export type CloudTimes = Trace['cloud'];

/** Throws an error that names the key for anything that is no trace; a key that nobody knows is an error, too. */
export function parseTrace(value: unknown): Trace {
  const parsed = traceSchema.safeParse(value);
  if (!parsed.success) throw new Error(`this is no trace:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
