import { type CloudConfig, type CloudPart, cloudContradictions, toCloudPart } from './cloud-config.ts';
import { CLOUD_VARIABLES } from './cloud-variables.ts';
import { type CommandLine, parseCommandLine } from './command-line.ts';
import { type Environment, readValues } from './read-variables.ts';
import { VARIABLES, type Values, type VariableName } from './variables.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** One Blender uses all processors of a machine. */
const USUAL_WORKERS = 1;
/** With `--exit-when-idle` somebody waits for the end: missing files are given only this long. */
const GRACE_WHEN_EXITING = 10 * SECOND;
/** The same for a farm without work, unless somebody says how long it is to stay: nothing more is likely to come. */
const IDLE_WHEN_EXITING = 10 * SECOND;

/** What can be set in both modes, in our units: milliseconds and dollars. */
export interface CommonConfig {
  /** 0 = any free port. */
  readonly port: number;
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
  /** `null` = no cap. */
  readonly monthlyBudgetDollars: number | null;
  readonly budgetStop: 'drain' | 'now';
  /** `null` = nobody outside is told anything; a secret of `null` = nothing is signed. */
  readonly notify: { readonly url: string; readonly secret: string | null } | null;
  readonly logLevel: Values['LOG_LEVEL'];
}

/** Everything that can be set on one machine. */
export interface LocalConfig extends CommonConfig {
  readonly mode: 'local';
  /** The page is for this machine only. */
  readonly host: '127.0.0.1';
  /** As given: relative to where the program was started. */
  readonly bucketDir: string;
  /** The .blend files of `--scene`, as given. */
  readonly scenes: readonly string[];
  readonly exitWhenIdle: boolean;
  readonly maxWorkers: number;
  readonly pricePerWorkerHour: number;
  /** `[]` = look for them. */
  readonly blenderPaths: readonly string[];
  /** `null` = look on the PATH, else flamenco-lite. */
  readonly flamencoDir: string | null;
}

export type Config = LocalConfig | CloudConfig;

/** All that is wrong with the settings at once, for people: one sentence each in `problems`. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The settings cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * The settings from the environment and the command line (which wins). A variable that is set to `''` counts as
 * not set; PROJECT decides the mode. Throws `ConfigError` with every problem found.
 */
export function parseConfig(env: Environment, argv: readonly string[]): Config {
  const line = parseCommandLine(argv);
  const problems = [...line.problems];
  const isCloud = Boolean(env.PROJECT?.trim());
  const values = readValues(VARIABLES, { env, line, isCloud }, problems);
  const maxWorkers = readMaxWorkers(line, problems);
  const cloud = isCloud ? readCloud(env, line, problems) : null;
  if (values !== null) problems.push(...contradictions(values, line, isCloud));
  if (values === null || problems.length > 0) throw new ConfigError(problems);
  const common = toCommon(values, env, line);
  return cloud === null ? toLocal(common, values, line, maxWorkers) : { ...common, ...cloud };
}

/** `null` when something is wrong; it is then in `problems`. */
function readCloud(env: Environment, line: CommandLine, problems: string[]): CloudPart | null {
  const before = problems.length;
  const values = readValues(CLOUD_VARIABLES, { env, line, isCloud: true }, problems);
  if (values !== null) problems.push(...cloudContradictions(values, env, line));
  return values === null || problems.length > before ? null : toCloudPart(values);
}

function readMaxWorkers(line: CommandLine, problems: string[]): number {
  if (line.maxWorkers === null) return USUAL_WORKERS;
  if (/^\d{1,4}$/.test(line.maxWorkers) && Number(line.maxWorkers) > 0) return Number(line.maxWorkers);
  problems.push(
    `--max-workers ${line.maxWorkers} cannot be used: nothing would be rendered, or nobody knows by how many. Give 1 to 9999, or leave it out.`,
  );
  return USUAL_WORKERS;
}

/** Each value may be right alone and still make no sense beside another. */
function contradictions(values: Values, line: CommandLine, isCloud: boolean): readonly string[] {
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
  if (!isCloud && values.MONTHLY_BUDGET_DOLLARS !== null && values.PRICE_PER_WORKER_HOUR === 0)
    found.push(
      `MONTHLY_BUDGET_DOLLARS=${values.MONTHLY_BUDGET_DOLLARS} without PRICE_PER_WORKER_HOUR: nothing costs anything here, so the cap would never act. Set PRICE_PER_WORKER_HOUR too.`,
    );
  if (isCloud && values.DEADMAN_MINUTES < SHORTEST_DEADMAN_MINUTES)
    found.push(
      `DEADMAN_MINUTES=${values.DEADMAN_MINUTES} with PROJECT: it is put off once a minute at best, so a late tick would end a farm at work. Make it ${SHORTEST_DEADMAN_MINUTES} or more.`,
    );
  if (values.NOTIFY_WEBHOOK_SECRET !== '' && values.NOTIFY_WEBHOOK_URL === '')
    found.push(
      'NOTIFY_WEBHOOK_SECRET without NOTIFY_WEBHOOK_URL: nobody would be told anything. Set NOTIFY_WEBHOOK_URL too.',
    );
  if (isCloud && isReadableOnTheWay(values.NOTIFY_WEBHOOK_URL))
    found.push(
      'NOTIFY_WEBHOOK_URL begins with http:// beside PROJECT: everybody on the way could read what is rendered. Give an https:// address.',
    );
  if (line.exitWhenIdle && values.KEEP_CONTROL_PLANE)
    found.push(
      '--exit-when-idle with KEEP_CONTROL_PLANE=true: the farm never goes down, so the program would never end. Leave one of them out.',
    );
  return found;
}

/** A tick may be late by a few minutes while Cloud Scheduler or Cloud Run has troubles of its own. */
const SHORTEST_DEADMAN_MINUTES = 10;

function isReadableOnTheWay(url: string): boolean {
  return url.startsWith('http://') && new URL(url).hostname !== '127.0.0.1';
}

function both(values: Values, first: VariableName, second: VariableName): string {
  return `${first}=${values[first]} beside ${second}=${values[second]}`;
}

function toCommon(values: Values, env: Environment, line: CommandLine): CommonConfig {
  const graceMs = values.MISSING_FILES_GRACE_HOURS * HOUR;
  const isIdleTimeGiven = Boolean(env.IDLE_TEARDOWN_SECONDS?.trim()) || line.idleSeconds !== null;
  return {
    port: values.PORT,
    ignoreGlobs: values.IGNORE_GLOBS,
    settleMs: values.SETTLE_SECONDS * SECOND,
    maxAtOnce: values.MAX_AT_ONCE,
    missingFilesGraceMs: line.exitWhenIdle ? Math.min(graceMs, GRACE_WHEN_EXITING) : graceMs,
    idleTeardownMs:
      line.exitWhenIdle && !isIdleTimeGiven ? IDLE_WHEN_EXITING : values.IDLE_TEARDOWN_SECONDS * SECOND,
    keepControlPlane: values.KEEP_CONTROL_PLANE,
    maxFarmMs: values.MAX_FARM_HOURS * HOUR,
    maxUnknownMs: values.MAX_UNKNOWN_HOURS * HOUR,
    deadmanMs: values.DEADMAN_MINUTES * MINUTE,
    managerUnreachableMs: values.MANAGER_UNREACHABLE_SECONDS * SECOND,
    checkFirst: values.CHECK_FIRST,
    allowSceneScripts: values.ALLOW_SCENE_SCRIPTS,
    valueOfTimePerHour: values.VALUE_OF_TIME_PER_HOUR,
    monthlyBudgetDollars: values.MONTHLY_BUDGET_DOLLARS,
    budgetStop: values.BUDGET_STOP,
    notify: toNotify(values),
    logLevel: values.LOG_LEVEL,
  };
}

function toNotify({
  NOTIFY_WEBHOOK_URL: url,
  NOTIFY_WEBHOOK_SECRET: secret,
}: Values): CommonConfig['notify'] {
  return url === '' ? null : { url, secret: secret === '' ? null : secret };
}

function toLocal(common: CommonConfig, values: Values, line: CommandLine, maxWorkers: number): LocalConfig {
  return {
    ...common,
    mode: 'local',
    host: '127.0.0.1',
    bucketDir: line.bucket ?? 'bucket',
    scenes: line.scenes,
    exitWhenIdle: line.exitWhenIdle,
    maxWorkers,
    pricePerWorkerHour: values.PRICE_PER_WORKER_HOUR,
    blenderPaths: values.BLENDER,
    flamencoDir: values.FLAMENCO_DIR === '' ? null : values.FLAMENCO_DIR,
  };
}
