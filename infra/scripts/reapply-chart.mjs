// Installs the chart of this folder on the farm that is up, with the values that the service gave it. A new pod of Flamenco
// Manager knows no jobs (Tablao submits again what is missing), so it refuses while frames render.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DRY_RUN, Misuse, PROJECT, parseArguments, REGION } from './parts/arguments.mjs';
import { findClusters } from './parts/farm.mjs';
import { main } from './parts/main.mjs';
import { namesOf, ROOT } from './parts/names.mjs';
import { createPrograms } from './parts/programs.mjs';
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

await main(async (argv) => {
  const given = parseArguments(argv, KNOWN);
  const { project, region, 'dry-run': isDry } = given;
  const programs = createPrograms({ isDry, cwd: ROOT });
  const [farm] = findClusters(programs, project, 'CLUSTER\tZONE\tRUNNING');
  if (farm === undefined)
    throw new Misuse('No farm is up: the next one gets the chart of the deployed image.');
  const status = readStatus(programs, namesOf(project, region).buckets.state);
  if (status !== null && isRendering(status) && !given.force)
    throw new Misuse(`Frames render now (${status.sentence}). Wait, or say --force.`);
  const home = mkdtempSync(join(tmpdir(), 'tablao-kube-'));
  process.env.KUBECONFIG = join(home, 'config');
  try {
    await programs.run(
      ...['gcloud', 'container', 'clusters', 'get-credentials', farm.name],
      ...[`--project=${project}`, `--zone=${farm.zone}`, '--dns-endpoint'],
    );
    await programs.run(
      ...['helm', 'upgrade', 'tablao', 'charts/flamenco', '--namespace', 'tablao'],
      ...['--reset-then-reuse-values', '--history-max', '3'],
    );
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
