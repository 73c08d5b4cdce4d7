import type { FarmMemory, ShotMemory } from './model.ts';
import type { RunRecord } from './run.ts';
import type { EpochMs } from './time.ts';

/** A job to hand to Flamenco Manager. */
export interface JobOrder {
  readonly runId: string;
  /** 1 for the first job of a run; a job for missing frames has the next number. */
  readonly round: number;
  readonly name: string;
  readonly priority: number;
  /** The tag of the pool whose workers may take it; `null` = any worker. */
  readonly workerTag: string | null;
  /** Settings of our job type `tablao-render` (services/blender-kit/README.md). */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

/** What to do to the world; each is idempotent and says why. Deletes come last in a plan and are checked once more. */
export type Action = (
  | { readonly kind: 'createFarm' }
  | { readonly kind: 'installManager' }
  | { readonly kind: 'submitJob'; readonly job: JobOrder }
  | { readonly kind: 'cancelJob'; readonly jobId: string }
  | { readonly kind: 'pauseJob'; readonly jobId: string }
  | { readonly kind: 'resumeJob'; readonly jobId: string }
  /** `updatedAt`: as it was seen; one that has changed meanwhile is left alone. `null` = whatever it does. */
  | { readonly kind: 'requeueTask'; readonly taskId: string; readonly updatedAt: EpochMs | null }
  | { readonly kind: 'closeTask'; readonly taskId: string; readonly updatedAt: EpochMs }
  | {
      readonly kind: 'orderWorkers';
      readonly pool: string;
      readonly names: readonly string[];
      /** Of the pool's variants; `null` = the first. */
      readonly variant: string | null;
    }
  | { readonly kind: 'drainWorker'; readonly workerId: string; readonly name: string }
  | { readonly kind: 'keepWorker'; readonly workerId: string; readonly name: string }
  | { readonly kind: 'writeReport'; readonly run: RunRecord }
  | { readonly kind: 'forgetWorker'; readonly workerId: string; readonly name: string }
  | { readonly kind: 'removeWorker'; readonly name: string }
  /** One that still waits for a machine; one that has one by then is left alone. */
  | { readonly kind: 'withdrawWorker'; readonly name: string }
  /** `isForced`: whatever jobs there are; `sparesRunning`: but not while a worker runs. */
  | { readonly kind: 'deleteFarm'; readonly isForced: boolean; readonly sparesRunning?: boolean }
) & { readonly reason: string };

/** An action that its port refused in the pass before. */
export interface Refusal {
  readonly action: Action;
  /** The port's error code: `quota`, `denied`, `invalid`… */
  readonly code: string;
  readonly message: string;
  /** In how many passes, one after the other. */
  readonly times: number;
}

/** What a pass decided. Records are saved before actions are performed, commands deleted after. */
export interface Plan {
  /** Runs that are new or changed. */
  readonly runs: readonly RunRecord[];
  /** Ids of runs that turned out to be none (a library, the same bytes again). */
  readonly dropped: readonly string[];
  readonly shots: ReadonlyMap<string, ShotMemory>;
  readonly memory: FarmMemory;
  readonly actions: readonly Action[];
  /** `null` = nothing is in motion: the regular tick is soon enough. */
  readonly lookAgainAt: EpochMs | null;
}
