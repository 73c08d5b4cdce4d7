// Takes Tablao out of a project: what costs by the hour first, then all the rest. Scenes and renders stay unless told
// otherwise. Running it again goes on where it was broken off.
import { createInterface } from 'node:readline/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { DRY_RUN, Misuse, PROJECT, parseArguments, REGION } from './parts/arguments.mjs';
import { findBucket } from './parts/buckets.mjs';
import { attempt, deleteFarm, findLeftovers } from './parts/farm.mjs';
import { main } from './parts/main.mjs';
import { IMAGES, namesOf, ROOT } from './parts/names.mjs';
import { createPrograms } from './parts/programs.mjs';
import { createTerraform } from './parts/terraform.mjs';

const KNOWN = {
  command: 'destroy',
  does: '--project ID --region REGION',
  options: {
    project: PROJECT,
    region: REGION,
    'delete-scenes': { help: 'the uploaded scenes, too' },
    'delete-renders': { help: 'the rendered frames, too' },
    yes: { help: 'do not ask' },
    'dry-run': DRY_RUN,
  },
};

await main(async (argv) => {
  const given = parseArguments(argv, KNOWN);
  const { project, region, 'dry-run': isDry } = given;
  const programs = createPrograms({ isDry, cwd: ROOT });
  const { buckets } = namesOf(project, region);
  const kept = ['scenes', 'renders'].filter((name) => !given[`delete-${name}`]);
  // At once: in another region its service would not be found, and go on making farms.
  attempt(programs, () => findBucket(programs, given, buckets.terraform));
  if (!given.yes && !isDry) await confirm(project, kept);
  // Without it nobody makes a new farm while the old one goes. But where Google refuses that, the machines must not wait.
  const isServiceGone = attempt(programs, () => deleteService(programs, given));
  await deleteFarm(programs, project, { wait });
  deleteSpareJobs(programs, given);
  for (const name of ['scenes', 'renders'])
    if (!kept.includes(name)) await deleteBucket(programs, given, buckets[name]);
  if (bucketExists(programs, given, buckets.terraform)) await destroyRest(programs, given, buckets, kept);
  if (!isServiceGone) {
    // Terraform has deleted it by now, or it is refused once more. Until then it may have made another farm.
    deleteService(programs, given);
    await deleteFarm(programs, project, { wait });
  }
  const left = findLeftovers(programs, project);
  if (left.length > 0) throw new Misuse(`Still there, and billed: ${left.join(', ')}`);
  process.stdout.write(`\nNothing of Tablao is left in ${project}${kept.length === 0 ? '' : ' but'}\n`);
  for (const name of kept)
    process.stdout.write(`  ${name}: gcloud storage rm gs://${buckets[name]} --recursive\n`);
});

async function confirm(project, kept) {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const what =
    kept.length === 2
      ? 'Scenes and renders stay'
      : kept.length === 1
        ? `The ${kept[0]} stay`
        : 'Scenes and renders GO, TOO';
  const answer = await terminal.question(
    `This ends all that runs in ${project}. ${what}. Type the project's id to go on: `,
  );
  terminal.close();
  if (answer.trim() !== project) throw new Misuse('Nothing was done.');
}

function deleteService({ find }, { project, region }) {
  find(
    '',
    'gcloud',
    'run',
    'services',
    'delete',
    'tablao-control',
    `--project=${project}`,
    `--region=${region}`,
    '--quiet',
  );
}

/** The service makes one more dead-man's job for each cluster whose creation hangs. */
function deleteSpareJobs({ ask }, { project, region }) {
  const at = [`--project=${project}`, `--location=${region}`];
  const names = ask(
    'tablao-deadman-CLUSTER',
    ...['gcloud', 'scheduler', 'jobs', 'list', ...at],
    ...['--filter=name~/tablao-deadman-', '--format=value(name.basename())'],
  );
  for (const name of names.split('\n').filter((line) => line !== ''))
    ask('', 'gcloud', 'scheduler', 'jobs', 'delete', name, ...at, '--quiet');
}

function bucketExists(programs, given, bucket) {
  return findBucket(programs, given, bucket, { isVersioned: true }) !== null;
}

async function deleteBucket(programs, given, bucket) {
  if (bucketExists(programs, given, bucket))
    await programs.run('gcloud', 'storage', 'rm', `gs://${bucket}`, '--recursive');
}

/** Whatever Terraform made, and then its own memory. */
async function destroyRest(programs, given, buckets, kept) {
  const { project, region } = given;
  const terraform = createTerraform(programs, {
    ...{ project, region },
    // What has no default must be said, although nothing is made of it.
    variables: {
      monthly_dollars: 1,
      zones: [`${region}-a`],
      images: Object.fromEntries(IMAGES.map((name) => [name, `none.example/${name}:none`])),
    },
  });
  await terraform.init(buckets.terraform);
  for (const name of kept) {
    const address = `google_storage_bucket.${name}`;
    if (programs.isDry || terraform.knows(address)) await terraform.forget(address);
  }
  await terraform.destroy([]);
  await deleteBucket(programs, given, buckets.terraform);
}
