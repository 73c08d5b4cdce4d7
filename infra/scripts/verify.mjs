// The guarded first run on the real Google Cloud: three frames from upload to nothing left, measured beside what we assumed.
// The command that ends everything is printed first; it does the same itself when the money or the time is up.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DRY_RUN, Misuse, PROJECT, parseArguments, REGION } from './parts/arguments.mjs';
import { attempt, deleteFarm, findLeftovers, killCommand } from './parts/farm.mjs';
import { main } from './parts/main.mjs';
import { namesOf, ROOT } from './parts/names.mjs';
import { findPool } from './parts/pool.mjs';
import { createPrograms, ProgramFailed } from './parts/programs.mjs';
import { checkProject, findService } from './parts/project-checks.mjs';
import { isEnded, readStatus } from './parts/status.mjs';

const KNOWN = {
  command: 'verify',
  does: '--project ID --region REGION --max-dollars 2',
  options: {
    project: PROJECT,
    region: REGION,
    'max-dollars': {
      value: 'N',
      required: true,
      shape: /^\d{1,3}(\.\d+)?$/,
      help: 'it ends everything rather than spend more, such as 2',
    },
    pool: { value: 'NAME', help: 'the pool that renders (the first)' },
    scene: { value: 'FILE', help: 'another .blend than the sample; its frames 1 to 3 are rendered' },
    'poll-seconds': { value: 'N', shape: /^\d+(\.\d+)?$/, help: 'how often it looks (10)' },
    'dry-run': DRY_RUN,
  },
};

/** What we took for granted, in minutes; google-cloud documentation and field reports, see the README. */
const ASSUMED = [
  ['farm ready', 'upload', 10],
  ['first worker at work', 'farm ready', 5],
  ['three frames proved', 'first worker at work', 5],
  ['farm asked to go', 'three frames proved', 12],
  ['nothing left', 'farm asked to go', 8],
];
const LONGEST_MINUTES = 75;
const MINUTE_MS = 60_000;
/** A status this old is none: the service does not run. */
const SILENT_MS = 6 * MINUTE_MS;
const SILENT =
  'The control service says nothing: look at `gcloud run services logs read tablao-control` and at the jobs tablao-tick and tablao-uploads.';

await main(async (argv) => {
  const given = parseArguments(argv, KNOWN);
  const { project, region, 'dry-run': isDry } = given;
  const dollars = Number(given['max-dollars']);
  process.stdout.write(`To end everything at once, at any time:\n\n${killCommand(project, region)}\n\n`);
  const programs = createPrograms({ isDry, cwd: ROOT });
  const { buckets } = namesOf(project, region);
  const control = findService(programs, given, 'tablao-control');
  const pool = control === null ? null : findPool(control.env, given.pool);
  checkProject(programs, given, { control, pool });
  const assumed = (ASSUMED.reduce((sum, [, , minutes]) => sum + minutes, 0) / 60) * pool.worstPerHour;
  if (assumed > dollars)
    throw new Misuse(
      `On pool ${pool.name} it may cost ${money(assumed)}, more than --max-dollars ${dollars}. Nothing was done.`,
    );
  const minutes = Math.min(LONGEST_MINUTES, (dollars / pool.worstPerHour) * 60);
  process.stdout.write(
    `It renders on pool ${pool.name}, at ${money(pool.worstPerHour)} an hour at most, and ends by itself after ${Math.floor(minutes)} minutes.\n`,
  );
  const before = readStatus(programs, buckets.state);
  if (before !== null && !isAtRest(before))
    throw new Misuse(`Something renders already (${before.sentence}). Verify when nothing does.`);
  const folder = `tablao-verify-${new Date().toISOString().slice(0, 19).replaceAll(/\D/g, '')}`;
  process.on('SIGINT', () => {
    process.stderr.write('\nBroken off; the service goes on. The command above ends everything.\n');
    process.exit(1);
  });
  const run = { programs, given, buckets, folder, pool, endsAt: Date.now() + minutes * MINUTE_MS };
  try {
    await upload(run);
    const seen = isDry ? new Map() : await follow(run);
    countFrames(run);
    report(seen, assumed, pool);
  } catch (error) {
    process.stderr.write(`\n${error.message}\nEverything is being ended.\n`);
    await endEverything(run);
    throw error;
  } finally {
    const left = findLeftovers(programs, project);
    process.stdout.write(left.length === 0 ? 'Leftovers: none.\n' : `STILL BILLED: ${left.join(', ')}\n`);
    if (left.length > 0) process.exitCode = 1;
  }
});

function isAtRest({ farm, runs }) {
  return farm.stage === 'absent' && runs.every(isEnded);
}

/** The settings first: the .blend is what starts a run. */
async function upload({ programs: { run }, given, buckets, folder, pool }) {
  const home = mkdtempSync(join(tmpdir(), 'tablao-verify-'));
  try {
    const settings = join(home, 'shot.render.json');
    const maxDollars = Number(given['max-dollars']);
    writeFileSync(settings, JSON.stringify({ frames: '1-3', maxDollars, pool: pool.name }));
    const scene = given.scene ?? 'services/flamenco-lite/sample/tablao.blend';
    const at = `gs://${buckets.scenes}/${folder}`;
    await run('gcloud', 'storage', 'cp', settings, `${at}/shot.render.json`);
    await run('gcloud', 'storage', 'cp', scene, `${at}/shot.blend`);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Looks until nothing is left; when each thing of `ASSUMED` was seen first. */
async function follow({ programs, given, buckets, folder, endsAt }) {
  const quietly = createPrograms({ isDry: false, cwd: ROOT, show: () => {} });
  const seen = new Map([['upload', Date.now()]]);
  const note = (what) => seen.has(what) || seen.set(what, Date.now());
  let last = '';
  let heardAt = Date.now();
  for (;;) {
    await wait(Number(given['poll-seconds'] ?? 10) * 1000);
    if (Date.now() > endsAt) throw new Misuse('The time or the money is up.');
    const status = lookAtStatus(quietly, buckets.state);
    if (status === null || Date.now() - Date.parse(status.asOf) > SILENT_MS) {
      if (Date.now() - heardAt > SILENT_MS) throw new Misuse(SILENT);
      continue;
    }
    heardAt = Date.now();
    const run = status.runs.find(({ shot }) => shot.startsWith(`${folder}/`));
    const line = `${status.sentence} ${run === undefined ? '' : `${run.state} ${run.frames.done}/3`}`;
    if (line !== last) programs.show(`${minutesBetween(seen.get('upload'), Date.now())} min  ${line}`);
    last = line;
    if (run === undefined) continue;
    if ((isEnded(run) && run.state !== 'completed') || run.state === 'held')
      throw new Misuse(`The run is ${run.state}: ${run.reason?.message ?? ''} ${run.reason?.action ?? ''}`);
    if (['ready', 'letting-go'].includes(status.farm.stage)) note('farm ready');
    if (status.pools.some(({ busy }) => busy > 0)) note('first worker at work');
    if (run.state === 'completed') note('three frames proved');
    if (run.state === 'completed' && ['deleting', 'absent'].includes(status.farm.stage))
      note('farm asked to go');
    if (run.state === 'completed' && status.farm.stage === 'absent' && status.leftovers?.length === 0) {
      note('nothing left');
      return seen;
    }
  }
}

/** One look that fails says nothing about the farm, so nothing is ended for it. */
function lookAtStatus(programs, bucket) {
  try {
    return readStatus(programs, bucket);
  } catch (error) {
    if (error instanceof ProgramFailed) return null;
    throw error;
  }
}

function countFrames({ programs, buckets, folder }) {
  const at = `gs://${buckets.renders}/${folder}/shot/v001/*.png`;
  const names = programs.ask('1\n2\n3', 'gcloud', 'storage', 'ls', at).split('\n');
  if (names.length !== 3) throw new Misuse(`There are ${names.length} frames at ${at}, not 3.`);
}

function report(seen, assumed, { worstPerHour }) {
  const lines = ASSUMED.map(([what, since, minutes]) => {
    const from = seen.get(since);
    const to = seen.get(what);
    const measured = from === undefined || to === undefined ? 'not seen' : `${minutesBetween(from, to)} min`;
    return `  ${what.padEnd(24)}${measured.padEnd(12)}${minutes} min`;
  });
  const took = seen.has('nothing left') ? (seen.get('nothing left') - seen.get('upload')) / MINUTE_MS : 0;
  const spent = (took / 60) * worstPerHour;
  process.stdout.write(`\n  ${''.padEnd(24)}${'measured'.padEnd(12)}assumed\n${lines.join('\n')}\n`);
  process.stdout.write(`  ${'at most'.padEnd(24)}${money(spent).padEnd(12)}${money(assumed)}\n\n`);
}

async function endEverything({ programs, given: { project, region } }) {
  const at = ['tablao-tick', `--project=${project}`, `--location=${region}`];
  const sleep = () => void programs.find('', 'gcloud', 'scheduler', 'jobs', 'pause', ...at);
  const isAsleep = attempt(programs, sleep);
  await deleteFarm(programs, project, { wait });
  if (!isAsleep) {
    sleep();
    // Until now it may have made another one.
    await deleteFarm(programs, project, { wait });
  }
  programs.show(`The service sleeps now. When all is clear: gcloud scheduler jobs resume ${at.join(' ')}`);
}

function minutesBetween(from, to) {
  return ((to - from) / MINUTE_MS).toFixed(1);
}

function money(dollars) {
  return `$${dollars.toFixed(2)}`;
}
