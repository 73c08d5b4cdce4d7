// The dead-man's job as Terraform makes it, set by the service, called as Cloud Scheduler calls it when the service is dead.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDeadman } from '../../services/control/adapters/gcp/deadman.ts';
import { createScheduler } from '../../services/control/adapters/gcp/scheduler.ts';
import { signedIn } from '../gcp/gke-world.ts';
import { googleWorld, PROJECT, REGION } from './google-world.ts';
import { readDeclared } from './hcl.ts';

const JOB = `projects/${PROJECT}/locations/${REGION}/jobs/tablao-deadman`;
const ACCOUNT = `tablao-deadman@${PROJECT}.iam.gserviceaccount.com`;
const HOUR = 3_600_000;

describe("the dead-man's job", () => {
  test('of Terraform sleeps, and a deploy leaves alone what the service set', async () => {
    const { paused, schedule, http_target: target, lifecycle } = await declared();
    assert.deepEqual([paused, schedule], [true, '0 0 1 1 *']);
    assert.deepEqual([target.http_method, target.oidc_token], ['DELETE', undefined]);
    const ignored = lifecycle.ignore_changes.map((each) => each.replace(/^\$\{|\}$/g, ''));
    assert.deepEqual([...ignored].sort(), ['http_target', 'paused', 'schedule']);
  });

  test("called as Google calls it deletes the farm of a dead service, by GKE's own call alone", async (t) => {
    const { schedule } = await declared();
    const uri = `https://container.googleapis.com/v1/projects/${PROJECT}/locations/${REGION}-b/clusters/none`;
    const asleep = {
      name: JOB,
      schedule,
      timeZone: 'Etc/UTC',
      state: 'PAUSED',
      httpTarget: { uri, httpMethod: 'DELETE' },
    };
    const { clock, gke, scheduler, raise } = await googleWorld(t, { jobs: [asleep] });
    await raise('tablao-1', `${REGION}-b`);
    const endpoint = {
      ...{ apiEndpoint: '127.0.0.1', port: scheduler.port, protocol: 'http' as const },
      authClient: signedIn(),
    };
    const deadman = createDeadman({
      ...{ call: createScheduler({ projectId: PROJECT, endpoint }), job: JOB, project: PROJECT },
      ...{ account: ACCOUNT, afterMs: HOUR, clock },
    });
    await deadman.push({ name: 'tablao-1', zone: `${REGION}-b` });
    // From here on nothing of ours runs.
    const job = scheduler.find(JOB);
    assert.equal(job?.state, 'ENABLED');
    const [minute, hour, day, month] = (job?.schedule ?? '').split(' ').map(Number);
    const due = Date.UTC(new Date(clock.now()).getUTCFullYear(), (month ?? 0) - 1, day, hour, minute);
    assert.ok(due - clock.now() >= HOUR && due - clock.now() < HOUR + 60_000, String(due - clock.now()));
    clock.advance(due - clock.now());
    const call = job?.httpTarget as unknown as Call;
    assert.deepEqual(call.oauthToken, {
      serviceAccountEmail: ACCOUNT,
      scope: 'https://www.googleapis.com/auth/cloud-platform',
    });
    const url = new URL(call.uri);
    assert.equal(url.origin, 'https://container.googleapis.com');
    const answer = await fetch(`${gke.url}${url.pathname}`, { method: call.httpMethod });
    assert.equal(answer.status, 200);
    clock.advance(10 * 60_000);
    assert.deepEqual(gke.clusters(), []);
    // Next year there is no such cluster any more.
    assert.equal((await fetch(`${gke.url}${url.pathname}`, { method: call.httpMethod })).status, 404);
  });
});

interface Call {
  readonly uri: string;
  readonly httpMethod: string;
  readonly oauthToken: unknown;
}

interface DeadmanJob {
  readonly paused: boolean;
  readonly schedule: string;
  readonly http_target: { readonly http_method: string; readonly oidc_token?: unknown };
  readonly lifecycle: { readonly ignore_changes: readonly string[] };
}

async function declared(): Promise<DeadmanJob> {
  const found = (await readDeclared()).find(
    ({ type, name }) => `${type}.${name}` === 'google_cloud_scheduler_job.deadman',
  );
  assert.ok(found);
  const { paused, schedule, http_target, lifecycle } = found.body as unknown as Written;
  return { paused, schedule, http_target: http_target[0], lifecycle: lifecycle[0] };
}

/** Blocks are lists. */
interface Written {
  readonly paused: boolean;
  readonly schedule: string;
  readonly http_target: readonly [DeadmanJob['http_target']];
  readonly lifecycle: readonly [DeadmanJob['lifecycle']];
}
