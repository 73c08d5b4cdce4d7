import { GoogleAuth, OAuth2Client } from 'google-auth-library';
import { createCompute } from '../../services/control/adapters/gcp/compute.ts';
import { createDeadman } from '../../services/control/adapters/gcp/deadman.ts';
import { createGkeFarm, type ManagerOnCluster } from '../../services/control/adapters/gcp/farm.ts';
import { createGke } from '../../services/control/adapters/gcp/gke.ts';
import { createLeftovers } from '../../services/control/adapters/gcp/leftovers.ts';
import { createScheduler } from '../../services/control/adapters/gcp/scheduler.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeRecords } from '../fakes/fake-records.ts';
import { startGke } from './gke/stand-in.ts';
import type { CalledJob } from './scheduler-calls.ts';
import { startScheduler } from './scheduler-stand-in.ts';

export const ZONES = ['europe-west1-b', 'europe-west1-c', 'europe-west1-d'];
export const DEADMAN_JOB = 'projects/p/locations/europe-west1/jobs/tablao-deadman';

export const SETTINGS = {
  project: 'p',
  farm: 'tablao',
  network: 'tablao',
  subnetwork: 'tablao',
  nodeServiceAccount: 'nodes@p.iam.gserviceaccount.com',
  managerMachineType: 'e2-standard-2',
  maxLifeMs: 25 * 3_600_000,
  zones: ZONES,
  nodePools: [
    { name: 'cpu-spot', machineType: 'c3d-standard-16', isSpot: true, max: 20, gpu: null, zone: null },
    {
      name: 'cpu-other',
      machineType: 'c3d-standard-16',
      isSpot: true,
      max: 20,
      gpu: null,
      zone: 'europe-west1-c',
    },
    {
      ...{ name: 'gpu-od', machineType: 'g2-standard-8', isSpot: false, max: 4, zone: null },
      gpu: { type: 'nvidia-l4', count: 1 },
    },
  ],
};

/** A credential that asks nobody. */
export function signedIn(token = 'good'): OAuth2Client {
  const client = new OAuth2Client();
  client.setCredentials({ access_token: token, expiry_date: Date.now() + 3_600_000 });
  return client;
}

/** The farm on stand-ins for GKE, Compute Engine and Cloud Scheduler. `restart` gives the farm of a new process. */
export async function gkeWorld(
  t: { after(fn: () => unknown): void },
  {
    manager = installedAtOnce(),
    createMs = 240_000,
    call,
  }: {
    readonly manager?: ManagerOnCluster;
    readonly createMs?: number;
    /** How Cloud Scheduler calls the jobs' targets; left out = it does not. */
    readonly call?: (gkeUrl: string) => (job: CalledJob) => Promise<number>;
  } = {},
) {
  const clock = new FakeClock();
  const gke = await startGke({ clock, createMs });
  t.after(() => gke.close());
  const jobs = [{ name: DEADMAN_JOB, schedule: '0 0 1 1 *', state: 'PAUSED' }];
  const scheduler = await startScheduler(t, jobs, { clock, ...(call && { call: call(gke.url) }) });
  const records = new FakeRecords();
  const givenUp: string[] = [];
  const rest = (port: number) => ({
    ...{ apiEndpoint: '127.0.0.1', port, protocol: 'http' as const },
    authClient: signedIn(),
  });
  const callScheduler = createScheduler({ projectId: 'p', endpoint: rest(scheduler.port) });
  const gkeClient = () => createGke({ settings: SETTINGS, endpoint: rest(gke.port) });
  const restart = () =>
    createGkeFarm({
      farm: 'tablao',
      zones: ZONES,
      gke: gkeClient(),
      manager,
      deadman: createDeadman({
        ...{ call: callScheduler, job: DEADMAN_JOB, project: 'p', clock },
        account: 'deadman@p.iam.gserviceaccount.com',
        afterMs: 3_600_000,
      }),
      leftovers: createLeftovers({ farm: 'tablao', compute: computeAt(gke.url) }),
      records,
      clock,
      onGivenUp: ({ name, zone }, message) => givenUp.push(`${zone}/${name}: ${message}`),
    });
  return { clock, gke, scheduler, records, givenUp, farm: restart(), restart, gkeClient: gkeClient() };
}

export function computeAt(url: string) {
  const auth = async () => new GoogleAuth({ authClient: signedIn() });
  return createCompute({ project: 'p', url, auth });
}

/** A manager that is ready as soon as it is installed. */
function installedAtOnce(): ManagerOnCluster {
  const on = new Set<string>();
  return {
    look: async ({ name }) =>
      on.has(name)
        ? { manager: 'ready', managerUrl: 'http://manager.test', managerId: name }
        : { manager: 'absent', managerUrl: null, managerId: null },
    install: async ({ name }) => void on.add(name),
  };
}
