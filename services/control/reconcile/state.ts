import type { Catalog, CatalogEntry, SettingsSeen } from '../core/catalog.ts';
import { COMMANDS_A_PASS, type Command, type CommandSeen, isCommand } from '../core/command.ts';
import { type FarmMemory, NEW_LEDGER, NEW_SHOT, type ShotMemory } from '../core/model.ts';
import { type FrameTrouble, NEW_RUN, type RunRecord } from '../core/run.ts';
import type { EpochMs } from '../core/time.ts';
import { isPortError } from '../ports/errors.ts';
import type { Records } from '../ports/records.ts';
import { inParallel } from './look-up.ts';

const FARM = 'farm.json';
const SHOTS = 'shots.json';
const CATALOG = 'catalog.json';
const SETTLED = 'settled-runs.json';
const runName = (id: string) => `runs/${id}.json`;
const commandName = (id: string) => `commands/${id}.json`;

export interface CatalogState {
  readonly blends: Catalog;
  readonly settings: ReadonlyMap<string, SettingsSeen>;
}

/**
 * The state objects, read with their generations, so that a stale holder of the lease can overwrite nothing. What was read or
 * written once is remembered until `forget()`: nobody but the holder of the lease writes them.
 */
export function createState(records: Records, newMemory: () => FarmMemory) {
  const generations = new Map<string, string>();
  const values = new Map<string, unknown>();

  async function load(name: string): Promise<unknown> {
    if (values.has(name)) return values.get(name);
    const seen = await records.read(name);
    if (seen === null) generations.delete(name);
    else generations.set(name, seen.generation);
    if (seen !== null) values.set(name, seen.value);
    return seen?.value;
  }

  async function save(name: string, value: unknown): Promise<void> {
    const generation = generations.get(name);
    // Whether a write that fails was done is not known.
    values.delete(name);
    const next =
      generation === undefined
        ? await createOrTakeOver(name, value)
        : await records.replace(name, value, generation);
    generations.set(name, next);
    values.set(name, value);
  }

  function drop(name: string): void {
    generations.delete(name);
    values.delete(name);
  }

  /** A record that a pass before a crash created already: its successor replaces it. */
  async function createOrTakeOver(name: string, value: unknown): Promise<string> {
    try {
      return await records.create(name, value);
    } catch (error) {
      if (!isPortError(error, 'conflict')) throw error;
      const seen = await records.read(name);
      if (seen === null) throw error;
      return records.replace(name, value, seen.generation);
    }
  }

  /** One that is no command would stand in the way of every pass: it is taken out. */
  async function readCommand(name: string): Promise<Command | 'none' | 'bad'> {
    try {
      const record = await records.read(name);
      if (record === null) return 'none';
      return isCommand(record.value) ? record.value : 'bad';
    } catch (error) {
      if (isPortError(error, 'invalid')) return 'bad';
      throw error;
    }
  }

  return {
    async memory(): Promise<FarmMemory> {
      const memory = withDefaults(newMemory(), await load(FARM)) ?? newMemory();
      return { ...memory, ledger: { ...NEW_LEDGER, ...memory.ledger } };
    },
    async shots(): Promise<ReadonlyMap<string, ShotMemory>> {
      const known = ((await load(SHOTS)) as Record<string, ShotMemory> | undefined) ?? {};
      return new Map(Object.entries(known).map(([path, shot]) => [path, { ...NEW_SHOT, ...shot }]));
    },
    async catalog(): Promise<CatalogState> {
      const value = (await load(CATALOG)) as
        | { blends: Record<string, CatalogEntry>; settings: Record<string, SettingsSeen> }
        | undefined;
      return {
        blends: new Map(Object.entries(value?.blends ?? {})),
        settings: new Map(Object.entries(value?.settings ?? {})),
      };
    },
    async run(id: string): Promise<RunRecord | null> {
      const run = withDefaults<RunRecord>(NEW_RUN, await load(runName(id)));
      return run === null ? null : { ...run, troubles: run.troubles.map(withWorkers) };
    },
    /** Every run on record: after a crash one may stand there that the memory does not know. */
    async runIds(): Promise<readonly string[]> {
      const names = await records.list('runs/');
      return names.map((name) => name.slice('runs/'.length, -'.json'.length));
    },
    async commands(): Promise<readonly CommandSeen[]> {
      const names = (await records.list('commands/')).slice(0, COMMANDS_A_PASS);
      const read = new Map<string, Command>();
      await inParallel(names, async (name) => {
        const command = await readCommand(name);
        if (command === 'bad') await records.delete(name);
        else if (command !== 'none') read.set(name, command);
      });
      return names.flatMap((name) => {
        const command = read.get(name);
        const id = name.slice('commands/'.length, -'.json'.length);
        return command === undefined ? [] : [{ id, command }];
      });
    },
    saveMemory: (memory: FarmMemory) => save(FARM, memory),
    saveShots: (shots: ReadonlyMap<string, ShotMemory>) => save(SHOTS, Object.fromEntries(shots)),
    saveCatalog: (catalog: CatalogState) =>
      save(CATALOG, {
        blends: Object.fromEntries(catalog.blends),
        settings: Object.fromEntries(catalog.settings),
      }),
    saveRun: (run: RunRecord) => save(runName(run.id), run),
    /** Remembers it as it is now, and does not write it yet. */
    keepRun(run: RunRecord): void {
      values.set(runName(run.id), run);
    },
    async dropRun(id: string): Promise<void> {
      await records.delete(runName(id));
      drop(runName(id));
    },
    /** Somebody else may have written since: everything is read anew. */
    forget(): void {
      generations.clear();
      values.clear();
    },
    /** Of runs that nobody looks at any more nothing is kept in memory. */
    keepOnly(ids: readonly string[]): void {
      const kept = new Set(ids.map(runName));
      for (const name of values.keys()) if (name.startsWith('runs/') && !kept.has(name)) drop(name);
    },
    /** Runs that have ended and are of no concern at a start: they need not be read to know that. */
    async settled(): Promise<readonly string[]> {
      return ((await load(SETTLED)) as { ids: readonly string[] } | undefined)?.ids ?? [];
    },
    saveSettled: (ids: readonly string[]) => save(SETTLED, { schema: 1, ids }),
    deleteCommand: (id: string) => records.delete(commandName(id)),
  };
}

/** A record as it was written, perhaps by an earlier version that did not know every field; `null` = there is none. */
function withDefaults<T>(defaults: Partial<T>, value: unknown): T | null {
  return value === undefined ? null : { ...defaults, ...(value as T) };
}

function withWorkers(trouble: Omit<FrameTrouble, 'workers'> & Partial<FrameTrouble>): FrameTrouble {
  return { workers: [], ...trouble };
}

export type State = ReturnType<typeof createState>;

export function newFarmMemory(intakeSince: EpochMs, now: EpochMs): FarmMemory {
  return {
    schema: 1,
    intakeSince,
    openRuns: [],
    endedRuns: [],
    rejectedRuns: [],
    listedAt: null,
    recentUploads: [],
    stage: 'absent',
    stageSince: now,
    stageReason: null,
    idleSince: null,
    awakeUntil: null,
    isPaused: false,
    mustGo: false,
    unknownSince: null,
    boots: {},
    booted: [],
    unreported: [],
    strangers: {},
    blindSince: null,
    variants: {},
    waitedLong: [],
    drySince: null,
    dryPools: {},
    setback: null,
    drainingSince: null,
    costs: {},
    workerSerial: 0,
    ledger: NEW_LEDGER,
    decisions: [],
    leftovers: null,
  };
}
