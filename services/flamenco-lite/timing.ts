/**
 * Every wait of flamenco-lite, in milliseconds, with the values of Flamenco 3.9. `speedFromEnv` gives the factor that
 * divides them, so that a test or a demonstration need not wait as long as a farm does.
 */
const second = 1_000;
const minute = 60 * second;

/** The manager's waits. Flamenco: internal/manager/timeout_checker/timeout_checker.go (fixed there too). */
export const managerTiming = {
  /** No check is made before this age of the manager: workers get a chance to report after its restart. */
  timeoutGrace: 5 * minute,
  timeoutCheckPeriod: 1 * minute,
} as const;

/** The worker's waits. Flamenco: internal/worker/{state_awake,state_asleep,registration,log_chunker,upstream_buffer}.go. */
export const workerTiming = {
  /** Before the first request for a task, and after each task. */
  firstPoll: 3 * second,
  noTask: 20 * second,
  fetchFailed: 1 * minute,
  taskComplete: 2 * second,
  mayIRun: 10 * second,
  asleepCheck: 3 * second,
  signOnRetry: 5 * second,
  logFlush: 30 * second,
  upstreamFlush: 30 * second,
} as const;

/**
 * Limits of the worker's end. They bound what a request may take and so are never divided by the speed.
 * Flamenco: cmd/flamenco-worker/main.go, internal/worker/upstream_buffer.go.
 */
export const workerShutdown = {
  finalFlush: 5 * second,
  signOff: 3 * second,
  everything: 20 * second,
} as const;

/** `FLAMENCO_LITE_SPEED`: how many times faster than Flamenco to wait; 1 when absent. Throws for anything below 1. */
export function speedFromEnv(env: Readonly<Record<string, string | undefined>>): number {
  const text = env.FLAMENCO_LITE_SPEED;
  if (text === undefined || text === '') return 1;
  const speed = Number(text);
  if (!Number.isFinite(speed) || speed < 1) {
    throw new Error(`FLAMENCO_LITE_SPEED must be a number of at least 1, not "${text}"`);
  }
  return speed;
}
