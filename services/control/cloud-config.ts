import type { CloudValues } from './cloud-variables.ts';
import type { CommandLine } from './command-line.ts';
import type { CommonConfig } from './config.ts';
import type { PoolSettings } from './pool-settings.ts';
import type { Environment } from './read-variables.ts';

const MINUTE = 60_000;

/** What can be set on Google Cloud only. */
export interface CloudPart {
  readonly mode: 'cloud';
  readonly host: '0.0.0.0';
  readonly role: 'control' | 'page';
  readonly project: string;
  readonly region: string;
  /** At least one; tried in turn. */
  readonly zones: readonly string[];
  readonly buckets: { readonly scenes: string; readonly renders: string; readonly state: string };
  readonly pools: readonly [PoolSettings, ...PoolSettings[]];
  /** Midnight (UTC) of the day on which the prices were looked up. */
  readonly pricesAt: number;
  readonly fixedPricePerHour: number;
  readonly droughtMs: number;
  readonly images: { readonly manager: string; readonly worker: string };
  /** Exact versions, at least one. */
  readonly blenders: readonly string[];
  readonly accounts: {
    readonly nodes: string;
    readonly deadman: string;
    /** `''` with `ROLE=page`, which no machine calls. */
    readonly tick: string;
    readonly events: string;
  };
  /** Full names: `projects/P/locations/L/jobs/J`. */
  readonly jobs: { readonly tick: string; readonly deadman: string };
  readonly authMode: 'private' | 'public';
  /** Addresses of this service, and ids of programs that people sign in with (gcloud's). */
  readonly audiences: readonly string[];
  /** Resource names by which IAP knows it; `[]` = it is not behind IAP. */
  readonly iapAudiences: readonly string[];
  readonly knownHosts: readonly string[];
  /** Addresses and `@domains`, in small letters; `[]` = whoever is let through to us. */
  readonly people: readonly string[];
  /** How people sign in here; `null` = IAP or Cloud Run's IAM lets them through. `sessionKey` is 32 bytes. */
  readonly signIn: {
    readonly clientId: string;
    readonly clientSecret: string;
    readonly sessionKey: Uint8Array;
  } | null;
  readonly farm: string;
  readonly network: string;
  readonly subnetwork: string;
  readonly managerMachineType: string;
  readonly helm: string;
  /** `null` = the one that comes with the service. */
  readonly chartDir: string | null;
}

export interface CloudConfig extends CommonConfig, CloudPart {}

/** What must be set, and what would come of it otherwise. */
const NEEDED: Readonly<Partial<Record<keyof CloudValues, string>>> = {
  REGION: 'nobody would know where Cloud Scheduler and the network are',
  ZONES: 'nobody would know where to create the cluster',
  SCENES_BUCKET: 'nobody would know where shots are uploaded to',
  RENDERS_BUCKET: 'nobody would know where frames go',
  STATE_BUCKET: 'nothing could be remembered',
  POOLS: 'nothing could be rendered',
  PRICES_DATE: 'prices of nobody knows when would be counted',
  MANAGER_IMAGE: 'nothing could be installed on the cluster',
  WORKER_IMAGE: 'no worker could be started',
  BLENDERS: 'every shot would wait for a Blender',
  NODE_SERVICE_ACCOUNT: 'machines would have the rights of the default account, which are far too many',
  DEADMAN_SERVICE_ACCOUNT: 'a farm that nobody looks after would cost money for ever',
  AUTH_AUDIENCE: 'tokens that were meant for another service would be taken',
};

/** Only machines call that role. */
const NEEDED_BY_CONTROL: typeof NEEDED = {
  TICK_SERVICE_ACCOUNT: 'nobody could call /tick, so nothing would ever be looked at',
  EVENTS_SERVICE_ACCOUNT: 'nobody could call /events/storage, so uploads would not be seen',
};

/** Each value may be right alone and still make no sense beside another. */
export function cloudContradictions(
  values: CloudValues,
  env: Environment,
  line: CommandLine,
): readonly string[] {
  return [
    ...missing(values),
    ...zoneProblems(values),
    ...bucketProblems(values),
    ...authProblems(values, env),
    ...signInProblems(values),
    ...lineProblems(values, line),
  ];
}

function missing(values: CloudValues): readonly string[] {
  const needed = values.ROLE === 'control' ? { ...NEEDED, ...NEEDED_BY_CONTROL } : NEEDED;
  return Object.entries(needed).flatMap(([name, consequence]) =>
    values[name as keyof CloudValues].toString() === ''
      ? [`PROJECT=${values.PROJECT} without ${name}: ${consequence}. Set ${name} too.`]
      : [],
  );
}

function zoneProblems({ REGION, ZONES, POOLS }: CloudValues): readonly string[] {
  const isElsewhere = (zone: string) => REGION !== '' && !zone.startsWith(`${REGION}-`);
  return [
    ...ZONES.filter(isElsewhere).map(
      (zone) =>
        `ZONES has ${zone}, which is not in REGION=${REGION}: the subnetwork is not there. Name zones of one region.`,
    ),
    ...POOLS.flatMap(({ name, machines }) =>
      machines.flatMap(({ zone }) =>
        zone !== null && isElsewhere(zone)
          ? [
              `POOLS: a fallback of pool "${name}" is in ${zone}, which is not in REGION=${REGION}: a cluster has machines in one region only. Name a zone of it.`,
            ]
          : [],
      ),
    ),
  ];
}

function bucketProblems({ SCENES_BUCKET, RENDERS_BUCKET, STATE_BUCKET }: CloudValues): readonly string[] {
  const names = [SCENES_BUCKET, RENDERS_BUCKET, STATE_BUCKET].filter((name) => name !== '');
  if (new Set(names).size === names.length) return [];
  return [
    'SCENES_BUCKET, RENDERS_BUCKET and STATE_BUCKET are not three: each frame would be taken for an upload, and workers could write what the service remembers. Name three buckets.',
  ];
}

function authProblems(values: CloudValues, env: Environment): readonly string[] {
  const { AUTH_MODE, ROLE, AUTH_AUDIENCE } = values;
  const isBehindIap = AUTH_AUDIENCE.some(isIap);
  if (AUTH_MODE === 'private' && !env.K_SERVICE)
    return [
      'AUTH_MODE=private outside Cloud Run (K_SERVICE is not set): nobody would have checked the tokens, and anybody could write one. Set AUTH_MODE=public; or unset PROJECT to render on this machine.',
    ];
  if (AUTH_MODE === 'public' && ROLE === 'page' && !isBehindIap && !wantsSignIn(values))
    return [
      'AUTH_MODE=public with ROLE=page, AUTH_AUDIENCE names no resource of IAP, and there is no SIGN_IN_CLIENT_ID: nobody could say who they are. Put IAP in front and add /projects/NUMBER/locations/REGION/services/NAME, or let people sign in, or set AUTH_MODE=private.',
    ];
  if (ROLE === 'control' && AUTH_AUDIENCE.length > 0 && !AUTH_AUDIENCE.some(isAddress))
    return [
      'AUTH_AUDIENCE names no address (https://…) with ROLE=control: no call of Cloud Scheduler or Pub/Sub would be let in. Add the address of this service.',
    ];
  return [];
}

function wantsSignIn({ SIGN_IN_CLIENT_ID, SIGN_IN_CLIENT_SECRET, SESSION_KEY }: CloudValues): boolean {
  return SIGN_IN_CLIENT_ID !== '' || SIGN_IN_CLIENT_SECRET !== '' || SESSION_KEY !== '';
}

function signInProblems(values: CloudValues): readonly string[] {
  const { SIGN_IN_CLIENT_ID: id, SIGN_IN_CLIENT_SECRET: secret, SESSION_KEY: key } = values;
  if (!wantsSignIn(values)) return [];
  if (id === '' || secret === '' || key === '')
    return [
      'SIGN_IN_CLIENT_ID, SIGN_IN_CLIENT_SECRET and SESSION_KEY belong together, and one of them is not set: nobody could sign in. Set all three, or none.',
    ];
  if (values.ROLE !== 'page')
    return ['SIGN_IN_CLIENT_ID with ROLE=control: no person comes there. Leave it out.'];
  if (values.AUTH_MODE === 'private')
    return [
      "SIGN_IN_CLIENT_ID with AUTH_MODE=private: Cloud Run's IAM would turn browsers away before anybody could sign in. Set AUTH_MODE=public, and let everybody call this service.",
    ];
  if (values.AUTH_AUDIENCE.some(isIap))
    return [
      'SIGN_IN_CLIENT_ID with a resource of IAP in AUTH_AUDIENCE: people would have to sign in twice. Leave one of them out.',
    ];
  if (values.PEOPLE.length === 0)
    return [
      'SIGN_IN_CLIENT_ID without PEOPLE: everybody with a Google account could spend your money. Set PEOPLE too.',
    ];
  return [];
}

function lineProblems({ PROJECT }: CloudValues, line: CommandLine): readonly string[] {
  const given = [
    ...(line.scenes.length > 0 ? ['--scene'] : []),
    ...(line.bucket === null ? [] : ['--bucket']),
    ...(line.maxWorkers === null ? [] : ['--max-workers']),
    ...(line.exitWhenIdle ? ['--exit-when-idle'] : []),
  ];
  return given.map(
    (option) =>
      `${option} with PROJECT=${PROJECT}: it is for one machine and would do nothing. Leave it out, or unset PROJECT to render on this machine.`,
  );
}

/** Of values without contradictions. */
export function toCloudPart(values: CloudValues): CloudPart {
  const [pool, ...pools] = values.POOLS;
  if (pool === undefined) throw new Error('POOLS is empty, which is a contradiction');
  const place = `projects/${values.PROJECT}/locations/${values.REGION}/jobs`;
  const jobOf = (name: string) => (name.includes('/') ? name : `${place}/${name}`);
  const audiences = values.AUTH_AUDIENCE.filter((audience) => !isIap(audience));
  return {
    mode: 'cloud',
    host: '0.0.0.0',
    role: values.ROLE,
    project: values.PROJECT,
    region: values.REGION,
    zones: values.ZONES,
    buckets: {
      scenes: values.SCENES_BUCKET,
      renders: values.RENDERS_BUCKET,
      state: values.STATE_BUCKET,
    },
    pools: [pool, ...pools],
    pricesAt: Date.parse(values.PRICES_DATE),
    fixedPricePerHour: values.FIXED_PRICE_PER_HOUR,
    droughtMs: values.DROUGHT_MINUTES * MINUTE,
    images: { manager: values.MANAGER_IMAGE, worker: values.WORKER_IMAGE },
    blenders: values.BLENDERS,
    accounts: {
      nodes: values.NODE_SERVICE_ACCOUNT,
      deadman: values.DEADMAN_SERVICE_ACCOUNT,
      tick: values.TICK_SERVICE_ACCOUNT,
      events: values.EVENTS_SERVICE_ACCOUNT,
    },
    jobs: { tick: jobOf(values.TICK_JOB), deadman: jobOf(values.DEADMAN_JOB) },
    authMode: values.AUTH_MODE,
    audiences,
    iapAudiences: values.AUTH_AUDIENCE.filter(isIap),
    knownHosts: [
      ...audiences.filter(isAddress).map((audience) => new URL(audience).hostname),
      ...values.KNOWN_HOSTS,
    ],
    people: values.PEOPLE.map((person) => person.toLowerCase()),
    signIn: values.SIGN_IN_CLIENT_ID === '' ? null : toSignIn(values),
    farm: values.FARM,
    network: values.NETWORK,
    subnetwork: values.SUBNETWORK,
    managerMachineType: values.MANAGER_MACHINE_TYPE,
    helm: values.HELM,
    chartDir: values.CHART_DIR === '' ? null : values.CHART_DIR,
  };
}

function toSignIn(values: CloudValues): CloudPart['signIn'] {
  return {
    clientId: values.SIGN_IN_CLIENT_ID,
    clientSecret: values.SIGN_IN_CLIENT_SECRET,
    sessionKey: Buffer.from(values.SESSION_KEY, 'base64'),
  };
}

const isIap = (audience: string) => audience.startsWith('/');
const isAddress = (audience: string) => audience.startsWith('https://');
