// Puts Tablao into a project of Google Cloud, or brings what stands there up to this folder. Running it again is harmless:
// what is as it should be stays, and a farm that renders is not touched (no farm is Terraform's).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DRY_RUN, Misuse, PROJECT, parseArguments, REGION } from './parts/arguments.mjs';
import { blendersToBake } from './parts/blenders.mjs';
import { findBucket } from './parts/buckets.mjs';
import { AFRESH, choicesText, choose, createKeeper } from './parts/choices.mjs';
import { findClusters } from './parts/farm.mjs';
import { withIdentityPool } from './parts/identity-pool.mjs';
import { provideImages } from './parts/images.mjs';
import { main } from './parts/main.mjs';
import { IMAGES, namesOf, ROOT } from './parts/names.mjs';
import { createPrograms, isInstalled } from './parts/programs.mjs';
import { createTerraform } from './parts/terraform.mjs';
import { readVarsFile } from './parts/vars-file.mjs';

const KNOWN = {
  command: 'deploy',
  does: '--project ID --region REGION --monthly-dollars N',
  options: {
    project: PROJECT,
    region: REGION,
    'monthly-dollars': {
      value: 'N',
      required: true,
      shape: /^[1-9]\d{0,6}$/,
      help: 'spending stops at this much a month: whole dollars, at least 1',
    },
    people: {
      value: 'WHO',
      many: true,
      shape: /^(user|group|domain|serviceAccount):[^\s:,]+$/,
      help: 'who may use the page, such as user:anna@film.example; repeat it; you are always one',
    },
    'billing-account': {
      value: 'ID',
      shape: /^([0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}|none)$/,
      help: "for Google's budget alert; without it the project's own; none = no alert",
    },
    zone: {
      value: 'ZONE',
      many: true,
      shape: /^[a-z]+-[a-z]+[0-9]+-[a-z]$/,
      help: 'where farms may be, in order; without it where the region has the usual machines; repeat it',
    },
    image: {
      value: 'NAME=REF',
      many: true,
      shape: /^(control|manager|worker)=\S+[:@]\S+$/,
      help: 'instead of building: all three of control=…, manager=…, worker=…, with tag or digest',
    },
    vars: {
      value: 'FILE',
      help: 'more of infra/terraform/variables.tf (pools, settings, blenders…), as .tfvars',
    },
    default: AFRESH,
    'dry-run': DRY_RUN,
  },
};

/** npm itself calls us from the top folder. */
const CALLED_FROM = process.env.INIT_CWD ?? '.';
/** Needed before Terraform can look at anything. It switches on the rest. */
const FIRST_SERVICES = [
  'cloudbilling',
  'cloudresourcemanager',
  'cloudscheduler',
  'compute',
  'container',
  'iam',
  'pubsub',
  'serviceusage',
  'storage',
];
/** The usual pool's machine (infra/terraform/pools.tf). */
const USUAL_MACHINE = 'c3d-standard-16';
/** What must stand before images can be built. */
const BUILD_TARGETS = [
  'google_artifact_registry_repository_iam_member.build_pushes',
  'google_storage_bucket_iam_member.build_reads_source',
  'google_project_iam_member.build',
];

const KEPT = `
A farm is up: it keeps the images, pools and Blenders that it was made with. Where these have changed, end it on the page
once its frames are done: the next one has the new ones.
`;

await main(async (argv) => {
  const given = parseArguments(argv, KNOWN);
  const { project, region, 'dry-run': isDry } = given;
  imagesOf(given.image);
  const vars = given.vars === null ? null : readVarsFile(resolve(CALLED_FROM, given.vars));
  for (const program of isDry ? [] : ['gcloud', 'terraform'])
    if (!isInstalled(program))
      throw new Misuse(`${program} is not installed. Cloud Shell has it: https://shell.cloud.google.com`);
  const programs = createPrograms({ isDry, cwd: ROOT });
  const { buckets, registry } = namesOf(project, region);
  programs.ask('NUMBER', 'gcloud', 'projects', 'describe', project, '--format=value(projectNumber)');
  const services = FIRST_SERVICES.map((name) => `${name}.googleapis.com`);
  await programs.run('gcloud', 'services', 'enable', ...services, `--project=${project}`);
  await makeAgents(programs, given);
  await makeTerraformBucket(programs, given, buckets.terraform);
  const keeper = createKeeper(programs, buckets.terraform, KNOWN.options);
  const last = keeper.read(given);
  if (isDry) programs.show('(A dry run does not know what was chosen last time, which would stay.)');
  const chosen = choose({ ...given, vars }, last);
  const choices = { ...chosen, people: peopleOf(programs, chosen) };
  process.stdout.write(choicesText(choices, last));
  const images = imagesOf(choices.image);
  const blenders = images === null ? blendersToBake(choices.vars) : [];
  const toFile = createFolder();
  const files =
    choices.vars === undefined ? [] : [`-var-file=${toFile(choices.vars.name, choices.vars.text)}`];
  const variables = {
    monthly_dollars: given['monthly-dollars'],
    zones: choices.zone ?? usualZones(programs, given),
    billing_account: billingAccount(programs, project, choices),
    people: choices.people,
  };
  await keeper.write(last, choices, false, toFile);
  const terraformWith = (references) =>
    createTerraform(programs, { project, region, variables: { ...variables, images: references } });
  // Not looked at until they are there.
  const expected = Object.fromEntries(IMAGES.map((name) => [name, `${registry}/${name}:next`]));
  const before = terraformWith(images ?? expected);
  await before.init(buckets.terraform);
  await adoptBuckets(programs, given, before, files, buckets);
  if (images === null) await before.apply(files, ...BUILD_TARGETS);
  const terraform = images === null ? terraformWith(await provideImages(programs, given, blenders)) : before;
  await withIdentityPool(programs, { project, zone: variables.zones[0] }, () => terraform.apply(files));
  await keeper.write(last, choices, true, toFile);
  const isUp = findClusters(programs, project).length > 0;
  sayWhatNow(given, terraform.outputs(), buckets, isUp);
});

/** Writes files into a folder that goes with this process; the path of each. */
function createFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-deploy-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return (name, text) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };
}

/** By name; `null` = they are built. */
function imagesOf(given = []) {
  if (given.length === 0) return null;
  const images = Object.fromEntries(
    given.map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]),
  );
  const missing = IMAGES.filter((name) => images[name] === undefined);
  if (missing.length === 0) return images;
  throw new Misuse(
    `--image is missing for ${missing.join(' and ')}: give all three, or none and they are built.`,
  );
}

/** Terraform's memory, and the source that Cloud Build takes. Old versions stay, in case one is damaged. */
async function makeTerraformBucket(programs, given, bucket) {
  const { project, region } = given;
  const url = `gs://${bucket}`;
  const found = findBucket(programs, given, bucket);
  if (found === null)
    await programs.run(
      ...['gcloud', 'storage', 'buckets', 'create', url, `--project=${project}`, `--location=${region}`],
      ...['--uniform-bucket-level-access', '--public-access-prevention'],
    );
  if (!found?.isVersioned) await programs.run('gcloud', 'storage', 'buckets', 'update', url, '--versioning');
}

/** Accounts of Google's own that get rights: in a new project they come into being only when they are asked for. */
async function makeAgents(programs, { project }) {
  for (const service of ['pubsub', 'cloudscheduler'])
    await programs.run(
      ...['gcloud', 'beta', 'services', 'identity', 'create'],
      ...[`--service=${service}.googleapis.com`, `--project=${project}`],
    );
}

/** Where the region has the usual machines. */
function usualZones(programs, { project, region }) {
  const filter = `name=${USUAL_MACHINE} AND zone~^${region}-`;
  const zones = programs
    .ask(
      `${region}-b\n${region}-c`,
      ...['gcloud', 'compute', 'machine-types', 'list', `--project=${project}`],
      ...[`--filter=${filter}`, '--format=value(zone.basename())', '--sort-by=zone'],
    )
    .split('\n')
    .filter((zone) => zone !== '');
  if (zones.length > 0) return zones;
  throw new Misuse(
    `${region} has no ${USUAL_MACHINE}: take another region, or say --zone and your own pools with --vars.`,
  );
}

function billingAccount(programs, project, { 'billing-account': given }) {
  if (given !== undefined) return given === 'none' ? '' : given;
  const name = programs.ask(
    'billingAccounts/000000-000000-000000',
    ...['gcloud', 'billing', 'projects', 'describe', project, '--format=value(billingAccountName)'],
  );
  if (name !== '') return name.replace('billingAccounts/', '');
  throw new Misuse(`${project} has no billing account: https://console.cloud.google.com/billing/projects`);
}

function peopleOf(programs, { people = [] }) {
  const me = programs.ask('you@example.com', 'gcloud', 'config', 'get-value', 'account');
  const mine = me === '' ? [] : [me.endsWith('.gserviceaccount.com') ? `serviceAccount:${me}` : `user:${me}`];
  return [...new Set([...mine, ...people])].sort();
}

/** Scenes and renders outlive a deployment: Terraform takes over what an earlier one left. */
async function adoptBuckets(programs, given, terraform, files, buckets) {
  for (const name of ['scenes', 'renders']) {
    const address = `google_storage_bucket.${name}`;
    if (terraform.knows(address)) continue;
    if (findBucket(programs, given, buckets[name]) !== null)
      await terraform.adopt(files, address, buckets[name]);
  }
}

function sayWhatNow({ project, region }, { page_url: page }, buckets, isUp) {
  process.stdout.write(`
Tablao stands in ${project}${page === undefined ? '' : ` (${page})`}.

  upload a shot     gcloud storage cp SHOT.blend gs://${buckets.scenes}/FILM/
  a whole project   gcloud storage cp FILM gs://${buckets.scenes}/ --recursive
  see what happens  npm run proxy -- --project ${project} --region ${region}
  fetch the frames  gcloud storage cp gs://${buckets.renders}/FILM . --recursive

The first time: npm run verify -- --project ${project} --region ${region} --max-dollars 2
${isUp ? KEPT : ''}`);
}
