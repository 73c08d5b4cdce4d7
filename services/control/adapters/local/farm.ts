import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { EpochMs } from '../../core/time.ts';
import { PortError } from '../../ports/errors.ts';
import type { Farm, FarmSeen } from '../../ports/farm.ts';
import type { BlenderFound } from './blenders.ts';
import { pushDeadman } from './deadman.ts';
import { farmFiles, managerUrlOf, namesIn, readDeleting, readFarm, readPort } from './farm-files.ts';
import { fileWork } from './file-errors.ts';
import type { FlamencoPrograms } from './flamenco-programs.ts';
import { managerNameOf } from './manager-config.ts';
import { startManager } from './manager-start.ts';
import { askToEnd, logTailOf, lookAtProcess, type ProcessSeen } from './processes.ts';
import { createJson } from './whole-files.ts';
import { WORKER_ENDS_MS } from './workers.ts';

interface Options {
  /** `.tablao`; the farm's own files are in `farm/` there. */
  readonly stateDir: string;
  readonly rendersDir: string;
  /** `services/blender-kit`. */
  readonly kitDir: string;
  readonly programs: FlamencoPrograms;
  readonly blenders: readonly BlenderFound[];
  /** Of the manager's process: `plainEnvironment()`. */
  readonly env: Readonly<Record<string, string>>;
  readonly clock: { now(): EpochMs };
  /** Its processes end by themselves when nothing has pushed the switch on for so long. */
  readonly deadmanMs: number;
}

const ZONE = 'local';
/** A manager has nothing to finish: it closes its database and its port. */
const MANAGER_ENDS_MS = 10_000;
const ASK_TIMEOUT_MS = 2000;
/** A manager that ended by itself so soon never worked; after so many in a row the next one won't either. */
const SHORT_LIFE_MS = 30_000;
const MAX_SHORT_LIVES = 3;
/** A push is left out while the last one is younger than this part of the time. */
const FRESH_PART = 20;

/** A manager's start: the name of its folder, and what became of it. */
interface ManagerStart {
  readonly id: string;
  readonly folder: string;
  readonly seen: ProcessSeen;
}

/**
 * The farm as processes of this machine. All that is known of it is in its folder, so that a service that was killed
 * finds it and goes on. `look` pushes a deletion on, too: nobody need call `delete` twice.
 */
export function createLocalFarm(options: Options): Farm {
  const { stateDir, clock, deadmanMs } = options;
  const files = farmFiles(stateDir);
  let pushedAt = Number.NEGATIVE_INFINITY;

  async function push(): Promise<void> {
    const now = clock.now();
    if (Math.abs(now - pushedAt) < deadmanMs / FRESH_PART) return;
    await pushDeadman(files.deadman, now, deadmanMs);
    pushedAt = now;
  }

  async function managerStarts(): Promise<readonly ManagerStart[]> {
    const starts: ManagerStart[] = [];
    for (const id of await namesIn(files.managers)) {
      const folder = join(files.managers, id);
      const seen = await lookAtProcess(folder, clock.now());
      if (seen !== null) starts.push({ id, folder, seen });
    }
    return starts;
  }

  async function pushDeletion(): Promise<void> {
    const workers = (await namesIn(files.workers)).map((name) => join(files.workers, name));
    if (await endAll(workers, WORKER_ENDS_MS)) return;
    const managers = (await namesIn(files.managers)).map((id) => join(files.managers, id));
    if (await endAll(managers, MANAGER_ENDS_MS)) return;
    await removeFolder();
  }

  /** Whether any of them still lives after being asked. */
  async function endAll(folders: readonly string[], killAfterMs: number): Promise<boolean> {
    for (const folder of folders) await askToEnd(folder, clock.now(), killAfterMs);
    const seen = await Promise.all(folders.map((folder) => lookAtProcess(folder, clock.now())));
    return seen.some((each) => each !== null && each.state !== 'ended');
  }

  /** In one step as far as anyone can see; what a crash leaves of the rest goes with the next farm's deletion. */
  async function removeFolder(): Promise<void> {
    await rename(files.dir, join(stateDir, `farm-gone-${randomUUID()}`));
    for (const name of await namesIn(stateDir))
      if (name.startsWith('farm-gone-')) await rm(join(stateDir, name), { recursive: true, force: true });
  }

  async function lookAtManager(farm: {
    readonly id: string;
    readonly createdAt: EpochMs;
  }): Promise<FarmSeen> {
    const starts = await managerStarts();
    const latest = starts.at(-1);
    const up = { state: 'up', since: farm.createdAt, zone: ZONE } as const;
    const notReady = { managerUrl: null, managerId: null };
    if (latest === undefined) return { ...up, manager: 'absent', ...notReady };
    if (latest.seen.state === 'ended') {
      const message = await whyBroken(starts);
      if (message !== null) return { state: 'broken', since: latest.seen.endedAt, message };
      return { ...up, manager: 'absent', ...notReady };
    }
    const url = managerUrlOf((await readPort(stateDir)) ?? 0);
    if (!(await doesAnswer(url, managerNameOf(farm.id)))) return { ...up, manager: 'starting', ...notReady };
    // Flamenco's own manager finds its database again; ours begins anew with each process.
    const managerId = latest.seen.order.label === 'lite' ? latest.id : farm.id;
    return { ...up, manager: 'ready', managerUrl: url, managerId };
  }

  return {
    look: () =>
      fileWork('looking at the farm', async () => {
        const farm = await readFarm(stateDir);
        if (farm === null) return { state: 'absent' };
        const deleting = await readDeleting(stateDir);
        if (deleting === null) return lookAtManager(farm);
        await pushDeletion();
        const isGone = (await readFarm(stateDir)) === null;
        return isGone ? { state: 'absent' } : { state: 'deleting', since: deleting.at, zone: ZONE };
      }),

    create: () =>
      fileWork('creating the farm', async () => {
        if ((await readDeleting(stateDir)) !== null)
          throw new PortError('transient', 'creating a farm while the old one is being deleted');
        await createJson(files.farm, { id: randomUUID(), createdAt: clock.now() });
      }),

    install: () =>
      fileWork('starting the manager', async () => {
        const farm = await readFarm(stateDir);
        if (farm === null || (await readDeleting(stateDir)) !== null)
          throw new PortError('notFound', 'starting the manager of a farm that is not up');
        const isLiving = (await managerStarts()).some(({ seen }) => seen.state !== 'ended');
        if (isLiving) return;
        pushedAt = Number.NEGATIVE_INFINITY;
        await push();
        const { programs, ...rest } = options;
        await startManager({ ...rest, farmId: farm.id, program: programs.manager, now: clock.now() });
      }),

    pushDeadman: () =>
      fileWork("pushing the dead-man's switch on", async () => {
        if ((await readFarm(stateDir)) !== null && (await readDeleting(stateDir)) === null) await push();
      }),

    delete: () =>
      fileWork('deleting the farm', async () => {
        if ((await readFarm(stateDir)) === null) return;
        await createJson(files.deleting, { at: clock.now() });
        await pushDeletion();
      }),

    leftovers: () =>
      fileWork('looking for what is left of the farm', async () => {
        const managers = await managerStarts();
        const workers = await namesIn(files.workers);
        const seen = await Promise.all(
          workers.map((name) => lookAtProcess(join(files.workers, name), clock.now())),
        );
        return [
          ...managers.filter((start) => start.seen.state !== 'ended').map(({ id }) => `manager ${id}`),
          ...workers.filter((_, index) => isLiving(seen[index])).map((name) => `worker ${name}`),
        ];
      }),
  };
}

function isLiving(seen: ProcessSeen | null | undefined): boolean {
  return seen !== null && seen !== undefined && seen.state !== 'ended';
}

/** The last words of managers that end as soon as they start; `null` = it is not like that. */
async function whyBroken(starts: readonly ManagerStart[]): Promise<string | null> {
  const last = starts.slice(-MAX_SHORT_LIVES);
  const areAllShort = last.every(
    ({ seen }) => seen.state === 'ended' && seen.endedAt - seen.order.orderedAt < SHORT_LIFE_MS,
  );
  const latest = last.at(-1);
  if (latest === undefined || last.length < MAX_SHORT_LIVES || !areAllShort) return null;
  return `Flamenco Manager ends as soon as it is started: ${(await logTailOf(latest.folder)) || 'it says nothing'}`;
}

const versionSchema = z.object({ name: z.string() });

/** By its name: another program, or somebody else's Flamenco, may have the port by now. */
async function doesAnswer(url: string, name: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/api/v3/version`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    return response.ok && versionSchema.parse(await response.json()).name === name;
  } catch {
    return false;
  }
}
