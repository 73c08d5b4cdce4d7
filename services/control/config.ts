import { type CommandLine, parseCommandLine } from './command-line.ts';
import { VARIABLES, type Values, type Variable, type VariableName } from './variables.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** With `--exit-when-idle` somebody waits for the end: missing files are given only this long. */
const GRACE_WHEN_EXITING = 10 * SECOND;

/** Everything that can be set, in our units: milliseconds and dollars. */
export interface Config {
  readonly mode: 'local';
  /** The page is for this machine only. */
  readonly host: '127.0.0.1';
  /** 0 = any free port. */
  readonly port: number;
  /** As given: relative to where the program was started. */
  readonly bucketDir: string;
  /** The .blend files of `--scene`, as given. */
  readonly scenes: readonly string[];
  readonly exitWhenIdle: boolean;
  /** `null` = what this machine can carry. */
  readonly maxWorkers: number | null;
  readonly ignoreGlobs: readonly string[];
  readonly settleMs: number;
  readonly maxAtOnce: number;
  readonly missingFilesGraceMs: number;
  readonly idleTeardownMs: number;
  readonly keepControlPlane: boolean;
  readonly maxFarmMs: number;
  readonly maxUnknownMs: number;
  readonly deadmanMs: number;
  readonly managerUnreachableMs: number;
  readonly checkFirst: 'auto' | 'always' | 'never';
  readonly allowSceneScripts: boolean;
  readonly valueOfTimePerHour: number;
  readonly pricePerWorkerHour: number;
  /** `null` = no cap. */
  readonly monthlyBudgetDollars: number | null;
  readonly budgetStop: 'drain' | 'now';
  /** `[]` = look for them. */
  readonly blenderPaths: readonly string[];
  /** `null` = look on the PATH, else flamenco-lite. */
  readonly flamencoDir: string | null;
  readonly logLevel: Values['LOG_LEVEL'];
}

/** All that is wrong with the settings at once, for people: one sentence each in `problems`. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The settings cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a value was taken from, so that an error names what the person wrote. */
interface Given {
  readonly label: string;
  readonly text: string;
}

/**
 * The settings from the environment and the command line (which wins). A variable that is set to `''` counts as
 * not set. Throws `ConfigError` with every problem found.
 */
export function parseConfig(env: Environment, argv: readonly string[]): Config {
  const line = parseCommandLine(argv);
  const problems = [...line.problems, ...cloudProblems(env)];
  const values = readValues(env, line, problems);
  const maxWorkers = readMaxWorkers(line, problems);
  if (values !== null) problems.push(...contradictions(values, env, line));
  if (values === null || problems.length > 0) throw new ConfigError(problems);
  return toConfig(values, line, maxWorkers);
}

function cloudProblems(env: Environment): readonly string[] {
  if (!env.PROJECT) return [];
  return [
    `PROJECT=${env.PROJECT} asks for the cloud mode, which is not built yet. Unset PROJECT to render on this machine.`,
  ];
}

/** `null` when a value is bad; the reasons are then in `problems`. */
function readValues(env: Environment, line: CommandLine, problems: string[]): Values | null {
  const values: Record<string, unknown> = {};
  const before = problems.length;
  for (const [name, variable] of Object.entries(VARIABLES)) {
    const given = findGiven(name, env, line);
    const parsed = variable.schema.safeParse(given?.text ?? variable.byDefault);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(badValue(given ?? { label: name, text: '' }, variable));
  }
  return problems.length > before ? null : (values as Values);
}

function findGiven(name: string, env: Environment, line: CommandLine): Given | null {
  const onLine = onCommandLine(name, line);
  if (onLine !== null) return onLine;
  const text = env[name]?.trim();
  return text ? { label: `${name}=${text}`, text } : null;
}

function onCommandLine(name: string, line: CommandLine): Given | null {
  if (name === 'PORT' && line.port !== null) return { label: `--port ${line.port}`, text: line.port };
  if (name === 'IDLE_TEARDOWN_SECONDS' && line.idleSeconds !== null)
    return { label: `--idle-seconds ${line.idleSeconds}`, text: line.idleSeconds };
  return null;
}

function badValue(given: Given, variable: Variable<unknown>): string {
  const otherwise = variable.byDefault === '' ? 'leave it out' : `leave it out for ${variable.byDefault}`;
  return `${given.label} cannot be used. It decides: ${variable.help}. Allowed: ${variable.range}; or ${otherwise}.`;
}

function readMaxWorkers(line: CommandLine, problems: string[]): number | null {
  if (line.maxWorkers === null) return null;
  if (/^\d{1,4}$/.test(line.maxWorkers) && Number(line.maxWorkers) > 0) return Number(line.maxWorkers);
  problems.push(
    `--max-workers ${line.maxWorkers} cannot be used: nothing would be rendered, or nobody knows by how many. Give 1 to 9999, or leave it out.`,
  );
  return null;
}

/** Each value may be right alone and still make no sense beside another. */
function contradictions(values: Values, env: Environment, line: CommandLine): readonly string[] {
  const found: string[] = [];
  if (values.IDLE_TEARDOWN_SECONDS * SECOND >= values.MAX_FARM_HOURS * HOUR)
    found.push(
      `${both(values, 'IDLE_TEARDOWN_SECONDS', 'MAX_FARM_HOURS')}: an idle farm would only ever go down by its age. Make the idle time shorter.`,
    );
  if (values.MAX_UNKNOWN_HOURS >= values.MAX_FARM_HOURS)
    found.push(
      `${both(values, 'MAX_UNKNOWN_HOURS', 'MAX_FARM_HOURS')}: the first would never act. Make MAX_UNKNOWN_HOURS the shorter one.`,
    );
  if (values.MANAGER_UNREACHABLE_SECONDS * SECOND >= values.MAX_UNKNOWN_HOURS * HOUR)
    found.push(
      `${both(values, 'MANAGER_UNREACHABLE_SECONDS', 'MAX_UNKNOWN_HOURS')}: the farm would be taken down before its workers give up by themselves. Make MANAGER_UNREACHABLE_SECONDS the shorter one.`,
    );
  if (env.BUDGET_STOP && values.MONTHLY_BUDGET_DOLLARS === null)
    found.push(
      `BUDGET_STOP=${env.BUDGET_STOP} without MONTHLY_BUDGET_DOLLARS: nothing would ever be stopped. Set MONTHLY_BUDGET_DOLLARS too.`,
    );
  if (values.MONTHLY_BUDGET_DOLLARS !== null && values.PRICE_PER_WORKER_HOUR === 0)
    found.push(
      `MONTHLY_BUDGET_DOLLARS=${values.MONTHLY_BUDGET_DOLLARS} without PRICE_PER_WORKER_HOUR: nothing costs anything here, so the cap would never act. Set PRICE_PER_WORKER_HOUR too.`,
    );
  if (line.exitWhenIdle && values.KEEP_CONTROL_PLANE)
    found.push(
      '--exit-when-idle with KEEP_CONTROL_PLANE=true: the farm never goes down, so the program would never end. Leave one of them out.',
    );
  return found;
}

function both(values: Values, first: VariableName, second: VariableName): string {
  return `${first}=${values[first]} beside ${second}=${values[second]}`;
}

function toConfig(values: Values, line: CommandLine, maxWorkers: number | null): Config {
  const graceMs = values.MISSING_FILES_GRACE_HOURS * HOUR;
  return {
    mode: 'local',
    host: '127.0.0.1',
    port: values.PORT,
    bucketDir: line.bucket ?? 'bucket',
    scenes: line.scenes,
    exitWhenIdle: line.exitWhenIdle,
    maxWorkers,
    ignoreGlobs: values.IGNORE_GLOBS,
    settleMs: values.SETTLE_SECONDS * SECOND,
    maxAtOnce: values.MAX_AT_ONCE,
    missingFilesGraceMs: line.exitWhenIdle ? Math.min(graceMs, GRACE_WHEN_EXITING) : graceMs,
    idleTeardownMs: values.IDLE_TEARDOWN_SECONDS * SECOND,
    keepControlPlane: values.KEEP_CONTROL_PLANE,
    maxFarmMs: values.MAX_FARM_HOURS * HOUR,
    maxUnknownMs: values.MAX_UNKNOWN_HOURS * HOUR,
    deadmanMs: values.DEADMAN_MINUTES * MINUTE,
    managerUnreachableMs: values.MANAGER_UNREACHABLE_SECONDS * SECOND,
    checkFirst: values.CHECK_FIRST,
    allowSceneScripts: values.ALLOW_SCENE_SCRIPTS,
    valueOfTimePerHour: values.VALUE_OF_TIME_PER_HOUR,
    pricePerWorkerHour: values.PRICE_PER_WORKER_HOUR,
    monthlyBudgetDollars: values.MONTHLY_BUDGET_DOLLARS,
    budgetStop: values.BUDGET_STOP,
    blenderPaths: values.BLENDER,
    flamencoDir: values.FLAMENCO_DIR === '' ? null : values.FLAMENCO_DIR,
    logLevel: values.LOG_LEVEL,
  };
}
