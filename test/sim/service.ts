import type { Policy } from '../../services/control/core/model.ts';
import type { RunRecord } from '../../services/control/core/run.ts';
import type { EpochMs } from '../../services/control/core/time.ts';
import type { Ports } from '../../services/control/reconcile/ports.ts';
import { createReconciler } from '../../services/control/reconcile/reconcile.ts';
import type { SimClock } from './clock.ts';

const MINUTE_MS = 60_000;
/** Unless it is told otherwise, a tick passes over what stands still for so long; what only time decides is late by so much at most. */
const STILL_MS = 10_000;
/** At rest only events and the listing of the bucket have anything to say. */
const STILL_AT_REST_MS = 15 * MINUTE_MS;

/** One call of a port, on its way. */
export interface Call {
  readonly port: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** Stands between the service and the world: acts, fails, waits, answers something else, or never answers. */
export type Gate = (call: Call, act: () => Promise<unknown>) => Promise<unknown>;

interface Options {
  readonly ports: Ports;
  readonly policy: Policy;
  readonly clock: SimClock;
  readonly holder: string;
  readonly gate?: Gate;
  /** Passes in which nothing can have changed are left out. */
  readonly skipsStill?: boolean;
  /** For how long, as it is now. */
  readonly stillMs?: () => number;
  /** What the pass threw; the next tick comes all the same. */
  readonly onError?: (error: unknown) => void;
  /** It was told to stop, and has. */
  readonly onStopped?: () => void;
  readonly onPass?: (fields: Readonly<Record<string, unknown>>) => void;
}

/** The control service as Cloud Run and Cloud Scheduler run it: a tick each minute, and one at each kick. */
export class SimService {
  readonly #options: Options;
  readonly #reconciler: ReturnType<typeof createReconciler>;
  #isDead = false;
  #isStopping = false;
  /** The pass changed something itself: the next one may have more to do, though nothing else changes. */
  #hasActed = false;
  #wake: (() => void) | null = null;

  constructor(options: Options) {
    const { clock, policy, holder, skipsStill = false, stillMs = () => STILL_MS } = options;
    this.#options = options;
    const gate: Gate = (call, act) => {
      if (this.#isDead) return NEVER;
      if (isChange(call, clock.now())) this.#hasActed = true;
      return options.gate === undefined ? act() : options.gate(call, act);
    };
    const wait = (ms: number) => {
      if (this.#isDead) return NEVER;
      const maySkip = skipsStill && !this.#hasActed;
      this.#hasActed = false;
      return maySkip ? clock.sleepWhileStill(ms, Math.max(ms, stillMs())) : clock.sleep(ms);
    };
    const told = (fields: Readonly<Record<string, unknown>>) => options.onPass?.(fields);
    this.#reconciler = createReconciler({
      ports: throughGate(options.ports, gate),
      policy,
      log: { debug: told, info: told, warn: () => {} },
      holder,
      intakeSince: 0,
      wait,
    });
  }

  start(): void {
    void this.#live();
  }

  /** The process is gone in the middle of whatever it does; nothing that it began is finished. */
  kill(): void {
    this.#isDead = true;
  }

  /** SIGTERM, in the middle of a tick: what is under way comes to its end, and the lease is given back. */
  stop(): void {
    this.#isStopping = true;
    this.#reconciler.stop();
  }

  /** Cloud Scheduler's `runJob`: a tick now, unless one is under way. */
  kick(): void {
    this.#wake?.();
  }

  async #live(): Promise<void> {
    const { clock, skipsStill = false, onError, onStopped } = this.#options;
    for (;;) {
      let isAtRest = false;
      try {
        const { lookAgainAt } = await this.#reconciler.runTick('tick');
        isAtRest = lookAgainAt === null;
      } catch (error) {
        onError?.(error);
      }
      if (this.#isDead) return;
      if (this.#isStopping) {
        await this.#reconciler.release().catch(onError);
        onStopped?.();
        return;
      }
      const restMs = skipsStill && isAtRest ? STILL_AT_REST_MS : MINUTE_MS;
      await this.#rest(Math.ceil((clock.now() + 1) / restMs) * restMs);
    }
  }

  #rest(until: number): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const cancel = clock.resumeAt(until, resolve);
      this.#wake = () => {
        cancel();
        this.#wake = null;
        clock.resumeAt(clock.now(), resolve);
      };
    });
  }
}

/** Reads of the world, and writes that each pass makes. */
const NO_CHANGE: Readonly<Record<string, RegExp>> = {
  farm: /^(look|leftovers|quotas|pushDeadman)$/,
  workers: /^list$/,
  manager: /^(jobs|tasks|workers|logTail)$/,
  records: /^(read|list|replace|overwrite)$/,
  scenes: /^/,
  renders: /^/,
  lease: /^/,
};

/** The record of a run that goes on is written in each pass for its dollars. */
function isChange({ port, method, args }: Call, now: EpochMs): boolean {
  const [name, value] = args;
  const isRun = port === 'records' && method === 'replace' && String(name).startsWith('runs/');
  return (isRun && (value as RunRecord).stateSince === now) || NO_CHANGE[port]?.test(method) !== true;
}

const NEVER: Promise<never> = new Promise(() => {});

/** The same ports, each call through the gate. The clock and the decompression are no calls. */
function throughGate(ports: Ports, gate: Gate): Ports {
  const { clock, blendTools, ...others } = ports;
  const gated = Object.entries(others).map(([port, object]) => [port, gatedPort(port, object, gate)]);
  return { clock, blendTools, ...Object.fromEntries(gated) };
}

function gatedPort(port: string, object: object, gate: Gate): object {
  const methods = new Map<string | symbol, unknown>();
  return new Proxy(object, {
    get: (target, method) => {
      const known = methods.get(method);
      if (known !== undefined) return known;
      const own: unknown = Reflect.get(target, method);
      if (typeof own !== 'function') return own;
      const gated = (...args: readonly unknown[]) =>
        gate({ port, method: String(method), args }, async () => own.apply(target, args));
      methods.set(method, gated);
      return gated;
    },
  });
}
