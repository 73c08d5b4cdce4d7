import type { Refusal } from '../core/actions.ts';
import { renderJsonOf, triggerOf } from '../core/catalog.ts';
import { CHECK_TASK } from '../core/chunks.ts';
import type { CommandSeen } from '../core/command.ts';
import { framesOf } from '../core/frames.ts';
import { framesOfHungTasks } from '../core/hung.ts';
import type {
  CheckFinding,
  FarmMemory,
  JobObserved,
  Observed,
  Policy,
  RunObserved,
  ShotMemory,
  TaskObserved,
  Unknown,
} from '../core/model.ts';
import { chargedRuns } from '../core/money.ts';
import { isLiveJob } from '../core/progress.ts';
import { isRejectedByCheck, isRejectedForAbilities, isRejectedForFiles } from '../core/revival.ts';
import { isFinal, type RunRecord, recordPath, rendersFolder, wantsFarm } from '../core/run.ts';
import type { EpochMs } from '../core/time.ts';
import { framesOfTask, isGivenUp } from '../core/troubles.ts';
import { joinScans, scanScenes } from './catalog-scan.ts';
import { lookAtInputs } from './look-at-inputs.ts';
import { inParallel } from './look-up.ts';
import { orUnknown } from './or-unknown.ts';
import type { Ports } from './ports.ts';
import { type ProofLook, readFrameRecord, readJson } from './prove.ts';
import type { QuotaLook } from './quotas.ts';
import type { CatalogState, State } from './state.ts';
import type { TaskLook } from './task-look.ts';
import { withCostsOf } from './unwritten.ts';

/** How what is dear is looked at: it remembers from pass to pass. */
export interface Looks {
  readonly quotas: QuotaLook;
  readonly tasksOf: TaskLook;
  readonly proofs: ProofLook;
  /** Whose .blend is looked at in this pass, of runs that render: word of an upload may get lost. */
  readonly scenesDue: (runIds: readonly string[]) => ReadonlySet<string>;
  /** Of which runs it is read in this pass how long loading takes, where nobody knows yet. */
  readonly loadingDue: (runIds: readonly string[]) => ReadonlySet<string>;
}

export interface Sighting {
  readonly observed: Observed;
  readonly catalog: CatalogState;
  readonly didCatalogChange: boolean;
}

/** Reads the world into one snapshot. What could not be read is `'unknown'`; only our own records must be readable. */
export async function observe(
  ports: Ports,
  state: State,
  policy: Policy,
  isFirst: boolean,
  refusals: readonly Refusal[],
  { quotas, tasksOf, proofs, scenesDue, loadingDue }: Looks,
): Promise<Sighting> {
  const now = ports.clock.now();
  const memory = await state.memory();
  const commands = await state.commands();
  const isListingDue = isFirst || memory.listedAt === null || now - memory.listedAt >= policy.listEveryMs;
  const runs = await loadRuns(state, memory, commands, isFirst, isListingDue);
  // While a farm stands a job of a run that has ended may bring that run back into view.
  const isResting = memory.stage === 'absent' && runs.size === 0;
  const isQuiet = !isListingDue && commands.length === 0 && isResting;
  const shots = isQuiet ? new Map<string, ShotMemory>() : await state.shots();
  const before = isQuiet ? NO_CATALOG : await state.catalog();
  const listing = isListingDue ? await orUnknown(ports.scenes.list()) : null;
  const uploaded = new Set(uploadedPaths(commands));
  const rendering = [...runs.values()].filter(({ state: is }) => wantsFarm(is)).map(({ id }) => id);
  const due = scenesDue(rendering);
  let scan = await scanScenes(
    ports.scenes,
    ports.blendTools,
    before,
    listing === 'unknown' ? null : listing,
    [...uploaded, ...openScenes(runs, due)],
    now,
  );
  const readBlends = async (paths: readonly string[]) => {
    const more = await scanScenes(ports.scenes, ports.blendTools, scan.catalog, null, paths, now);
    scan = joinScans(scan, more);
    return scan.catalog;
  };
  const farm = await orUnknown(ports.farm.look());
  const isReady = farm !== 'unknown' && farm.state === 'up' && farm.manager === 'ready';
  const isAbsent = farm !== 'unknown' && farm.state === 'absent';
  const [workers, jobs, managerWorkers] = await Promise.all([
    isAbsent ? [] : orUnknown(ports.workers.list()),
    isAbsent ? [] : isReady ? orUnknown(ports.manager.jobs()) : UNKNOWN,
    isReady ? orUnknown(ports.manager.workers()) : UNKNOWN,
  ]);
  await loadRunsOfJobs(state, runs, jobs);
  const readTasks = (of: readonly JobObserved[]) => tasksOf(of, hasDiedUnheard(workers));
  const details = await lookAtRuns(ports, { readTasks, proofs, loadingDue }, runs, jobs);
  proofs.keepOnly(new Set(details.keys()));
  const { scenes } = ports;
  const asked = { scenes, runs, catalog: scan.catalog, uploaded, details, isListingDue, readBlends, due };
  const { inputs, listings } = await lookAtInputs(asked);
  const { catalog } = scan;
  const didList = listing !== null && listing !== 'unknown';
  const today = new Date(now).toISOString();
  const observed: Observed = {
    day: today.slice(0, 10),
    month: today.slice(0, 7),
    commands,
    catalog: catalog.blends,
    settingsFiles: catalog.settings,
    shots,
    memory: didList ? { ...memory, listedAt: now } : memory,
    runs,
    touched: new Set([...scan.touched, ...unhandled(catalog, shots)]),
    didList,
    inputs,
    listings,
    farm,
    workers,
    jobs,
    managerWorkers,
    details,
    leftovers: await lookForLeftovers(ports, memory, isAbsent, isListingDue),
    quotas: await quotas(!isAbsent || [...runs.values()].some(({ state: is }) => wantsFarm(is))),
    refusals,
  };
  return { observed, catalog, didCatalogChange: scan.didChange };
}

/** Once when the farm is gone; what was found is looked for again (with each listing) until it is gone, too. */
async function lookForLeftovers(
  ports: Ports,
  { leftovers }: FarmMemory,
  isAbsent: boolean,
  isListingDue: boolean,
): Promise<Observed['leftovers']> {
  const isOpen = leftovers === null || (leftovers.length > 0 && isListingDue);
  return isAbsent && isOpen ? orUnknown(ports.farm.leftovers()) : leftovers;
}

/** At rest nothing is decided about files: what is known of them is not even read. */
const NO_CATALOG: CatalogState = { blends: new Map(), settings: new Map() };
const UNKNOWN: Unknown = 'unknown';

/** Flamenco does not know of it: which task it had is found out before its record goes. */
function hasDiedUnheard(workers: Observed['workers']): boolean {
  return workers !== 'unknown' && workers.some(({ outcome }) => outcome === 'outOfMemory');
}

/** A job whose run has ended must end too, also when the service died between the two. */
async function loadRunsOfJobs(
  state: State,
  runs: Map<string, RunRecord>,
  jobs: readonly JobObserved[] | Unknown,
): Promise<void> {
  if (jobs === 'unknown') return;
  for (const job of jobs) {
    if (job.runId === null || runs.has(job.runId) || !isLiveJob(job)) continue;
    const run = await state.run(job.runId);
    if (run !== null) runs.set(run.id, run);
  }
}

/**
 * Open runs, those that commands name, after a (re)start whatever else stands on record as open, and rejected ones
 * whenever what they complain of may have changed.
 */
async function loadRuns(
  state: State,
  memory: FarmMemory,
  commands: readonly CommandSeen[],
  isFirst: boolean,
  isListingDue: boolean,
): Promise<Map<string, RunRecord>> {
  const named = commands.flatMap(({ command }) => ('runId' in command ? [command.runId] : []));
  const isUpload = commands.some(({ command }) => command.kind === 'uploaded');
  const mayRevive = isListingDue || isUpload;
  const revivable = mayRevive ? memory.rejectedRuns : [];
  const all = isFirst ? await unsettled(state) : [];
  const charged = chargedRuns(memory);
  const known = [...memory.openRuns, ...memory.unreported, ...charged];
  const ids = [...new Set([...known, ...named, ...revivable, ...all])];
  const open = new Set(memory.openRuns);
  const records = new Map<string, RunRecord | null>();
  await inParallel(ids, async (id) => {
    const run = await state.run(id);
    records.set(id, run === null ? null : withCostsOf(run, memory));
  });
  const runs = new Map<string, RunRecord>();
  const settled: string[] = [];
  for (const id of ids) {
    const run = records.get(id) ?? null;
    if (run === null) continue;
    const isRevivable =
      (mayRevive && isRejectedForFiles(run)) ||
      (isUpload && isRejectedByCheck(run)) ||
      (isListingDue && isRejectedForAbilities(run));
    const isOwing = memory.unreported.includes(id) || charged.has(id);
    const isAsked = named.includes(id) || isOwing || isRevivable;
    if (isSettled(run) && all.includes(id) && !open.has(id)) settled.push(id);
    // One that ended just before a crash may still stand among the open ones: it is moved over.
    if (!isFinal(run.state) || isAsked || open.has(id)) runs.set(id, run);
  }
  if (settled.length > 0) await state.saveSettled([...(await state.settled()), ...settled]);
  return runs;
}

/** Rejected ones may come back; the others that have ended never change again. */
function isSettled({ state }: RunRecord): boolean {
  return isFinal(state) && state !== 'rejected';
}

/** Runs on record, but for those of which it is known that they have ended: of these there are ever more. */
async function unsettled(state: State): Promise<readonly string[]> {
  const settled = new Set(await state.settled());
  return (await state.runIds()).filter((id) => !settled.has(id));
}

function uploadedPaths(commands: readonly CommandSeen[]): readonly string[] {
  return commands.flatMap(({ command }) => (command.kind === 'uploaded' ? [command.path] : []));
}

/**
 * The shots of open runs (of those that render the ones whose turn it is), and the settings of those that are not admitted
 * yet: word of an upload may get lost.
 */
function openScenes(runs: ReadonlyMap<string, RunRecord>, due: ReadonlySet<string>): readonly string[] {
  const open = [...runs.values()].filter(
    ({ id, state: is }) => !isFinal(is) && (!wantsFarm(is) || due.has(id)),
  );
  const settings = open.filter((run) => run.admittedAt === null).map((run) => renderJsonOf(run.scenePath));
  return [...open.map((run) => run.scenePath), ...settings];
}

/** .blends that were read but not decided about, for example because the service died in between. */
function unhandled(catalog: CatalogState, shots: Observed['shots']): readonly string[] {
  const paths: string[] = [];
  for (const entry of catalog.blends.values()) {
    const trigger = triggerOf(entry.generation, catalog.settings.get(entry.path));
    if (entry.goneSince === null && shots.get(entry.path)?.handled !== trigger) paths.push(entry.path);
  }
  return paths;
}

async function lookAtRuns(
  ports: Ports,
  looks: Pick<Looks, 'proofs' | 'loadingDue'> & {
    readonly readTasks: (jobs: readonly JobObserved[]) => ReturnType<TaskLook>;
  },
  runs: ReadonlyMap<string, RunRecord>,
  jobs: readonly JobObserved[] | Unknown,
): Promise<ReadonlyMap<string, RunObserved>> {
  const details = new Map<string, RunObserved>();
  const byRun = Map.groupBy(jobs === 'unknown' ? [] : jobs, ({ runId }) => runId);
  const jobOf = (run: RunRecord): JobObserved | null | Unknown => {
    if (jobs === 'unknown') return 'unknown';
    const own = (byRun.get(run.id) ?? []).filter(({ isDeleting }) => !isDeleting);
    return own.find(({ round }) => round === run.round) ?? own.find(isLiveJob) ?? null;
  };
  const wanting = [...runs.values()].filter(({ state: is }) => wantsFarm(is));
  const readTasks = await looks.readTasks(
    wanting.map(jobOf).filter((job) => job !== null && job !== 'unknown'),
  );
  const due = looks.loadingDue(wanting.filter(({ times }) => times.loads === 0).map(({ id }) => id));
  for (const run of runs.values()) {
    const job = jobOf(run);
    if (wantsFarm(run.state))
      details.set(run.id, await lookAtRun(ports, readTasks, looks.proofs, run, job, due));
    else if (job !== null && job !== 'unknown' && isLiveJob(job)) details.set(run.id, { ...NOTHING, job });
  }
  return details;
}

const NOTHING: RunObserved = {
  job: 'unknown',
  tasks: 'unknown',
  verdicts: [],
  isWhole: false,
  logs: {},
  findings: 'unknown',
};

async function lookAtRun(
  ports: Ports,
  readTasks: Awaited<ReturnType<TaskLook>>,
  proofs: ProofLook,
  run: RunRecord,
  job: JobObserved | null | Unknown,
  loadingDue: ReadonlySet<string>,
): Promise<RunObserved> {
  if (job === 'unknown') return NOTHING;
  const tasks = job === null ? [] : (readTasks.get(job.id) ?? 'unknown');
  const hasEnded = job === null ? run.round > 0 : !isLiveJob(job);
  const proved = new Set(framesOf(run.proved));
  const told = framesToLookAt(run, tasks, proved, ports.clock.now());
  const frames = hasEnded ? framesOf(run.frames ?? '') : told;
  // Which tasks of a job that has ended came to an end is not known: any of its frames may be there.
  const expected = hasEnded && tasks === 'unknown' ? frames : told;
  const open = frames.filter((frame) => !proved.has(frame) && !isGivenUp(run, frame));
  // Once more at the end: a frame that was there may have been taken away since.
  const asked = { open, expected: new Set(expected), proved: hasEnded ? [...proved] : [] };
  const { verdicts, isWhole } = await proofs.look(run, asked);
  const bad = new Set(verdicts.filter(({ verdict }) => verdict !== 'proved').map(({ frame }) => frame));
  return {
    job,
    tasks,
    verdicts,
    isWhole: hasEnded && isWhole,
    logs: tasks === 'unknown' ? {} : await readLogs(ports, tasks, bad),
    findings: run.check === 'pending' && tasks !== 'unknown' ? await readFindings(ports, run, tasks) : null,
    ...(loadingDue.has(run.id) &&
      tasks !== 'unknown' && { loadSeconds: await readLoading(ports, run, tasks) }),
  };
}

/** The kit writes a frame's record when it begins it: of the task that runs for longest, one read a turn until it is known. */
async function readLoading(
  { renders }: Ports,
  run: RunRecord,
  tasks: readonly TaskObserved[],
): Promise<number | null> {
  const since = ({ id }: TaskObserved) => run.standstill[id]?.since ?? Number.POSITIVE_INFINITY;
  const [first] = tasks.filter(({ status }) => status === 'active').sort((a, b) => since(a) - since(b));
  const [frame] = first === undefined ? [] : framesOfTask(first);
  if (frame === undefined) return null;
  const record = await orUnknown(readFrameRecord(renders, recordPath(rendersFolder(run), frame)));
  return record === 'unknown' || record?.run !== run.id || !record.loadSeconds ? null : record.loadSeconds;
}

/** Frames of tasks that still run are looked at once they would teach so much: a share of those that are known. */
const TEACHES = 0.1;

/** Those of tasks that have ended, of those in which one seems to hang, and of those that run for long what is done. */
function framesToLookAt(
  run: RunRecord,
  tasks: readonly TaskObserved[] | Unknown,
  proved: ReadonlySet<number>,
  now: EpochMs,
): readonly number[] {
  if (tasks === 'unknown') return [];
  const ended = tasks.filter(({ status }) => status === 'completed' || status === 'failed');
  const done = tasks
    .filter(({ status }) => status === 'active')
    .flatMap((task) => framesOfTask(task).slice(0, task.stepsCompleted))
    .filter((frame) => !proved.has(frame));
  const isMuch = done.length >= TEACHES * run.times.frames;
  return [...ended.flatMap(framesOfTask), ...(isMuch ? done : []), ...framesOfHungTasks(run, tasks, now)];
}

/** What the workers said last about tasks that did not deliver. A log that cannot be read is left out. */
async function readLogs(
  ports: Ports,
  tasks: readonly TaskObserved[],
  bad: ReadonlySet<number>,
): Promise<Record<string, string>> {
  const logs: Record<string, string> = {};
  for (const task of tasks) {
    if (task.status === 'queued') continue;
    const hasFailed =
      task.status === 'failed' || (bad.size > 0 && framesOfTask(task).some((frame) => bad.has(frame)));
    if (!hasFailed) continue;
    const tail = await orUnknown(ports.manager.logTail(task.id));
    if (tail !== 'unknown') logs[task.id] = tail;
  }
  return logs;
}

async function readFindings(
  ports: Ports,
  run: RunRecord,
  tasks: readonly TaskObserved[],
): Promise<readonly CheckFinding[] | null | Unknown> {
  const check = tasks.find((task) => task.name === CHECK_TASK);
  if (check === undefined || (check.status !== 'completed' && check.status !== 'failed')) return null;
  const value = await orUnknown(readJson(ports.renders, `${rendersFolder(run)}/records/check.json`));
  if (value === 'unknown') return 'unknown';
  if (value === null || value.run !== run.id || !Array.isArray(value.findings)) return null;
  return value.findings.map(toFinding);
}

function toFinding(value: unknown): CheckFinding {
  const { code, level, message, action } = (value ?? {}) as Record<string, unknown>;
  return {
    code: String(code ?? 'check'),
    level: level === 'error' ? 'error' : 'warning',
    message: String(message ?? ''),
    action: action === undefined || action === null ? null : String(action),
  };
}
