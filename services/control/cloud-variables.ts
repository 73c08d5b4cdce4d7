import type { z } from 'zod';
import { poolsText } from './pool-settings.ts';
import { choice, list, number, secret, text, variable } from './variable-kinds.ts';

const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const JOB = /^(projects\/[^\s/]+\/locations\/[^\s/]+\/jobs\/)?[-\w]{1,500}$/;
const BUCKET = /^[a-z0-9][-_.a-z0-9]{1,220}[a-z0-9]$/;
const EMAIL = /^[^\s@,]+@[^\s@,]+\.[^\s@,]+$/;
const IMAGE = /^[a-z0-9][^\s]{2,500}$/;

/** The variables that count on Google Cloud only, in the order of the README. */
export const CLOUD_VARIABLES = {
  PROJECT: text(
    /^([a-z0-9.]+:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$/,
    '',
    "a project's id",
    'where the farm is raised; without it everything runs on this machine',
  ),
  ROLE: choice(['control', 'page'], 'control', {
    help: 'control = the loop, called by machines only; page = what people see and use',
  }),
  REGION: text(/^[a-z]+-[a-z]+\d+$/, '', 'europe-west1', 'where everything is'),
  ZONES: list(
    /^[a-z]+-[a-z]+\d+-[a-z]$/,
    '',
    'zones of REGION with "," between',
    'where the cluster is created: one that has no machines is followed by the next',
  ),
  SCENES_BUCKET: text(BUCKET, '', 'a bucket', 'where shots are uploaded to'),
  RENDERS_BUCKET: text(BUCKET, '', 'a bucket', 'where frames arrive'),
  STATE_BUCKET: text(BUCKET, '', 'a bucket', 'what the service remembers; nobody else writes there'),
  POOLS: variable(poolsText(), '', 'JSON, see below', {
    help: 'which machines workers run on, at what prices, how many at most, and what is taken instead when there are none',
  }),
  PRICES_DATE: text(
    /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/,
    '',
    'a day, 2026-11-24',
    'when the prices in POOLS were looked up; 30 days later spending is counted at on-demand prices',
  ),
  FIXED_PRICE_PER_HOUR: number(
    { unit: 'dollars', min: 0, max: 1000, byDefault: 0.2 },
    "what an hour of the farm costs without workers: the cluster's fee, the manager's machine, this service",
  ),
  DROUGHT_MINUTES: number(
    { unit: 'minutes', min: 1, max: 1440, byDefault: 20 },
    'so long without any machine, all fallbacks tried, and the farm goes down and tries again later',
  ),
  MANAGER_IMAGE: text(IMAGE, '', 'an image', "Flamenco Manager's, best with its digest"),
  WORKER_IMAGE: text(IMAGE, '', 'an image', "the workers', best with its digest"),
  BLENDERS: list(
    /^\d+\.\d+\.\d+$/,
    '',
    'exact versions with "," between',
    "which Blenders are in the workers' image",
  ),
  NODE_SERVICE_ACCOUNT: text(EMAIL, '', 'an e-mail address', "who the cluster's machines are"),
  DEADMAN_SERVICE_ACCOUNT: text(
    EMAIL,
    '',
    'an e-mail address',
    "as whom Cloud Scheduler deletes the cluster when nobody has put that off (the dead-man's switch)",
  ),
  TICK_SERVICE_ACCOUNT: text(EMAIL, '', 'an e-mail address', 'who may call /tick (Cloud Scheduler)'),
  EVENTS_SERVICE_ACCOUNT: text(EMAIL, '', 'an e-mail address', 'who may call /events/storage (Pub/Sub)'),
  TICK_JOB: text(
    JOB,
    'tablao-tick',
    'a job of Cloud Scheduler in REGION',
    'is run when something is to be looked at',
  ),
  DEADMAN_JOB: text(
    JOB,
    'tablao-deadman',
    'a job of Cloud Scheduler in REGION',
    'deletes the cluster DEADMAN_MINUTES after the last look',
  ),
  AUTH_MODE: choice(['private', 'public'], 'private', {
    help: "private = Cloud Run's IAM lets callers in and has checked their tokens; public = the service checks them itself",
  }),
  AUTH_AUDIENCE: list(
    /^(https:\/\/[^\s/]+|[-\w]+\.apps\.googleusercontent\.com|\/projects\/\d+\/(locations\/[^\s/]+\/services|global\/backendServices)\/[^\s/]+)$/,
    '',
    'this service\'s addresses with "," between; behind IAP its resource name, /projects/NUMBER/locations/…',
    'whom tokens must be meant for',
  ),
  KNOWN_HOSTS: list(
    /^[-.a-z0-9]+$/,
    '',
    'host names with "," between',
    'further names under which the service is reached',
  ),
  PEOPLE: list(
    /^[^\s@,]*@[^\s@,]+\.[^\s@,]+$/,
    '',
    'e-mail addresses and @domains with "," between',
    'who may use the page; without it whoever IAM or IAP lets in',
  ),
  SIGN_IN_CLIENT_ID: text(
    /^[-\w]+\.apps\.googleusercontent\.com$/,
    '',
    'an OAuth client of the type web application',
    'people on the list PEOPLE sign in to the page with their Google account, without IAP',
  ),
  SIGN_IN_CLIENT_SECRET: secret(/^\S{8,200}$/, 'its secret', 'proves to Google that it is this client'),
  SESSION_KEY: secret(
    // Of 32 bytes, four bits are left for the last digit.
    /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/,
    '32 random bytes in base64 (openssl rand -base64 32)',
    'seals what the browsers of people who have signed in keep; another key signs everybody out',
  ),
  FARM: text(
    /^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$/,
    'tablao',
    'small letters, digits, dashes',
    'what the cluster is called, and the value of the label tablao on everything',
  ),
  NETWORK: text(NAME, 'tablao', 'a network', 'where the cluster is'),
  SUBNETWORK: text(NAME, 'tablao', 'a subnetwork in REGION', 'where the cluster is'),
  MANAGER_MACHINE_TYPE: text(
    /^[a-z][-a-z0-9]+$/,
    'e2-standard-2',
    'a machine type',
    'the one ordinary machine, for Flamenco Manager',
  ),
  HELM: text(/./, 'helm', 'a program', 'Helm 4, which installs Flamenco Manager'),
  CHART_DIR: text(/./, '', 'a folder', "the chart; without it the service's own"),
} as const;

export type CloudValues = {
  readonly [K in keyof typeof CLOUD_VARIABLES]: z.output<(typeof CLOUD_VARIABLES)[K]['schema']>;
};
