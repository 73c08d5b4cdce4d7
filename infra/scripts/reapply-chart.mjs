// Installs the chart of this folder on the farm that is up, with the values that the service gave it. A new pod of Flamenco
// Manager knows no jobs (Tablao submits again what is missing), so it refuses while frames render.
import { DRY_RUN, Misuse, PROJECT, parseArguments, REGION } from './parts/arguments.mjs';
import { findClusters } from './parts/farm.mjs';
import { main } from './parts/main.mjs';
import { namesOf, ROOT } from './parts/names.mjs';
import { createPrograms, isInstalled } from './parts/programs.mjs';
import { isRendering, readStatus } from './parts/status.mjs';

const KNOWN = {
  command: 'reapply-chart',
  does: '--project ID --region REGION',
  options: {
    project: PROJECT,
    region: REGION,
    force: { help: 'although frames render: the running ones are begun again' },
    'dry-run': DRY_RUN,
  },
};

const RELEASE = ['tablao', '--namespace=tablao'];

await main(async (argv) => {
  const given = parseArguments(argv, KNOWN);
  const { project, region, 'dry-run': isDry } = given;
  for (const program of isDry ? [] : ['gcloud', 'helm'])
    if (!isInstalled(program))
      throw new Misuse(`${program} is not installed. Cloud Shell has it: https://shell.cloud.google.com`);
  const programs = createPrograms({ isDry, cwd: ROOT });
  const [farm] = findClusters(programs, project, 'CLUSTER\tZONE\tRUNNING');
  if (farm === undefined)
    throw new Misuse('No farm is up: the next one gets the chart of the deployed image.');
  const status = readStatus(programs, namesOf(project, region).buckets.state);
  if (status !== null && isRendering(status) && !given.force)
    throw new Misuse(`Frames render now (${status.sentence}). Wait, or say --force.`);
  pointHelmAt(farm, programs, project);
  await takeBack(programs);
  await programs.run(
    ...['helm', 'upgrade', ...RELEASE.slice(0, 1), 'charts/flamenco', ...RELEASE.slice(1)],
    ...['--reset-then-reuse-values', '--history-max=3'],
  );
});

/** As the service does it: without a file of credentials, and without the plugin that such a file asks for. */
function pointHelmAt({ name, zone }, { ask }, project) {
  const endpoint = ask(
    'ENDPOINT',
    ...['gcloud', 'container', 'clusters', 'describe', name, `--project=${project}`, `--zone=${zone}`],
    '--format=value(controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint)',
  );
  process.env.HELM_KUBEAPISERVER = `https://${endpoint}`;
  process.env.HELM_KUBETOKEN = ask('', 'gcloud', 'auth', 'print-access-token');
}

/** One that was killed half-way leaves its release pending, and Helm then refuses every further step. */
async function takeBack({ ask, run }) {
  const text = ask('{"info": {"status": "deployed"}}', 'helm', 'status', ...RELEASE, '--output=json');
  const { status } = JSON.parse(text).info;
  if (['pending-upgrade', 'pending-rollback'].includes(status)) await run('helm', 'rollback', ...RELEASE);
}
