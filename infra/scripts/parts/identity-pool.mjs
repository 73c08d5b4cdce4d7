import { IDENTITY_CLUSTER } from './names.mjs';
import { ProgramFailed } from './programs.mjs';

/**
 * Workers act under names of the project's identity pool, which Google makes with the first cluster that a project ever
 * has. Where `apply` is refused for want of it, a cluster of one small node is made and deleted (10 minutes, some cents,
 * once), and `apply` done again. One that an interrupted run left behind is deleted, whatever comes.
 */
export async function withIdentityPool(programs, { project, zone }, apply) {
  const at = [IDENTITY_CLUSTER, `--project=${project}`];
  try {
    await applyTwice();
  } finally {
    await deleteIdentityCluster();
  }

  async function applyTwice() {
    try {
      await apply();
    } catch (error) {
      if (!(error instanceof ProgramFailed) || !/identity ?pool does not exist/i.test(error.said))
        throw error;
      programs.show(
        'This project never had a cluster: one is made and deleted so that Google makes its identity pool.',
      );
      if (find() === '') await create();
      await apply();
    }
  }

  function create() {
    return programs.run(
      ...['gcloud', 'container', 'clusters', 'create', ...at, `--zone=${zone}`, '--num-nodes=1'],
      ...['--machine-type=e2-medium', '--disk-size=20', '--network=tablao', '--subnetwork=tablao'],
      ...[
        '--enable-ip-alias',
        `--workload-pool=${project}.svc.id.goog`,
        `--service-account=tablao-nodes@${project}.iam.gserviceaccount.com`,
      ],
    );
  }

  function find() {
    return programs.ask(
      '',
      ...['gcloud', 'container', 'clusters', 'list', `--project=${project}`],
      ...[`--filter=name=${IDENTITY_CLUSTER}`, '--format=value(location)'],
    );
  }

  async function deleteIdentityCluster() {
    const where = find();
    if (where !== '')
      await programs.run('gcloud', 'container', 'clusters', 'delete', ...at, `--zone=${where}`, '--quiet');
  }
}
