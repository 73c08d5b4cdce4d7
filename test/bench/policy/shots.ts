import { drawFrameSeconds, type ShotPhysics } from '../../sim/shots.ts';
import type { TraceJob } from '../../sim/trace.ts';

export function shotName(index: number): string {
  return `bench/s${index}`;
}

/** The shot of a trace's job: the same frame times for everyone who meets this seed. */
export function shotOf(seed: number, job: TraceJob, index: number): ShotPhysics {
  const { frames, secondsPerFrame, loadSeconds, memoryGiB } = job;
  const secondsOf = drawFrameSeconds(seed, shotName(index), { frames, ...secondsPerFrame });
  return { loadSeconds, memoryGiB, secondsOf };
}
