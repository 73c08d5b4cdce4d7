import { z } from 'zod';
import {
  choice,
  flag,
  globs,
  number,
  optionalNumber,
  pathList,
  secret,
  secretUrl,
  type Variable,
  variable,
} from './variable-kinds.ts';

/** The variables of both modes in the order of the README. The unit is in the name. */
export const VARIABLES = {
  PORT: number(
    { unit: 'port', min: 0, max: 65535, byDefault: 8080, isWhole: true },
    'where the page is, on 127.0.0.1; 0 = any free one',
  ),
  BLENDER: variable(pathList(), '', 'a path, or several as in PATH', {
    help: 'Blenders to use; without it they are looked for on the PATH and in the usual places',
  }),
  FLAMENCO_DIR: variable(z.string(), '', 'a folder', {
    help: 'where flamenco-manager and flamenco-worker are; without it the PATH, else flamenco-lite',
  }),
  ALLOW_SCENE_SCRIPTS: flag(
    false,
    "whether a scene's own Python may run where it is rendered without asking",
    true,
  ),
  CHECK_FIRST: choice(['auto', 'always', 'never'], 'auto', {
    help: 'open a shot on one worker and check it before more are raised; auto = only one that is new',
  }),
  IGNORE_GLOBS: variable(
    globs(),
    '**/{lib,libs,library,assets,addons}/**',
    'globs with "," between, or none',
    {
      help: '.blend files that are never rendered, only linked',
    },
  ),
  SETTLE_SECONDS: number(
    { unit: 'seconds', min: 0, max: 3600, byDefault: 20 },
    'how long a folder must be quiet before a shot in it that refers to files is rendered',
  ),
  MAX_AT_ONCE: number(
    { unit: 'shots', min: 1, max: 10_000, byDefault: 3, isWhole: true },
    'more new shots than this in one burst are held until a person says go',
  ),
  MISSING_FILES_GRACE_HOURS: number(
    { unit: 'hours', min: 0, max: 720, byDefault: 24 },
    'how long a shot waits for missing files before it is rejected',
  ),
  IDLE_TEARDOWN_SECONDS: number(
    { unit: 'seconds', min: 0, max: 86_400, byDefault: 600 },
    'how long the farm stays up with nothing to do',
  ),
  KEEP_CONTROL_PLANE: flag(false, 'whether the farm without workers stays up after the idle time'),
  MAX_FARM_HOURS: number(
    { unit: 'hours', min: 0.1, max: 720, byDefault: 24 },
    'a farm this old begins nothing new and goes when its frames have ended (at most a quarter later); a new one goes on with the rest',
  ),
  MAX_UNKNOWN_HOURS: number(
    { unit: 'hours', min: 0.1, max: 720, byDefault: 3 },
    'the farm is taken down after so long without being able to read how it is or what keeps it up',
  ),
  DEADMAN_MINUTES: number(
    { unit: 'minutes', min: 0.01, max: 1440, byDefault: 60 },
    'the farm ends by itself when no service has looked after it for so long',
  ),
  MANAGER_UNREACHABLE_SECONDS: number(
    { unit: 'seconds', min: 60, max: 86_400, byDefault: 900 },
    'how long an idle worker waits for a manager that does not answer before it ends itself',
  ),
  VALUE_OF_TIME_PER_HOUR: number(
    { unit: 'dollars', min: 0, max: 100_000, byDefault: 2 },
    'what it is worth to have the pictures an hour sooner: more = more workers at once',
  ),
  PRICE_PER_WORKER_HOUR: number(
    { unit: 'dollars', min: 0, max: 1000, byDefault: 0 },
    'what an hour of a worker costs on this machine (electricity); what runs cost is counted with it, and capped',
  ),
  MONTHLY_BUDGET_DOLLARS: optionalNumber(
    { unit: 'dollars', min: 0.01, max: 10_000_000 },
    'spending stops at this much a month; without it there is no cap',
  ),
  BUDGET_STOP: choice(['drain', 'now'], 'drain', {
    help: 'at the cap of the month, or of a run (`maxDollars`): drain = running frames finish first, now = they are killed; runs go on with the next month or a higher cap',
  }),
  NOTIFY_WEBHOOK_URL: secretUrl(
    'an address, https://…',
    'where messages are sent when a shot is done, fails or waits for a person, and when the farm is down (see Messages)',
  ),
  NOTIFY_WEBHOOK_SECRET: secret(
    /^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/,
    'whsec_ and 24 to 64 random bytes as base64',
    'what messages are signed with; without it they are not',
  ),
  LOG_LEVEL: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info', {
    help: 'the least important lines that are still logged',
  }),
} as const;

export type VariableName = keyof typeof VARIABLES;
export type Values = { readonly [K in VariableName]: z.output<(typeof VARIABLES)[K]['schema']> };

/** A table of the README; a test compares them. */
export function configurationTable(variables: Readonly<Record<string, Variable<unknown>>>): string {
  const rows = Object.entries(variables).map(
    ([name, one]) => `| \`${name}\` | ${defaultText(one)} | ${one.range} | ${one.help} |`,
  );
  return ['| variable | default | values | what it decides |', '|---|---|---|---|', ...rows].join('\n');
}

function defaultText({ byDefault, inCloud }: Variable<unknown>): string {
  const local = byDefault === '' ? '' : `\`${byDefault}\``;
  return inCloud === undefined ? local : `${local}, on Google Cloud \`${inCloud}\``;
}
