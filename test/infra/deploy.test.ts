// deploy and destroy, with the real gcloud and the real Terraform on stand-ins for Google.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseConfig } from '../../services/control/config.ts';
import { deployAbsent, deployWorld } from './deploy-world.ts';
import { NUMBER, PROJECT, REGION } from './google-world.ts';

const CLIENT_ID = '1-a.apps.googleusercontent.com';
const CONTROL_URL = `https://tablao-control-${NUMBER}.${REGION}.run.app`;

describe('deploy', { skip: deployAbsent }, () => {
  test('puts everything into an empty project, says how to go on, and changes only what is new later', async (t) => {
    const world = await deployWorld(t);
    const first = await world.deploy();
    assert.equal(first.code, 0, first.words);
    assert.match(first.out, /gcloud storage cp SHOT\.blend gs:\/\/film-farm-tablao-scenes\/FILM\//);
    assert.match(first.out, /npm run verify -- --project film-farm --region europe-west1 --max-dollars 2/);
    const google = world.writes().map((line) => line.replace(/\?.*/, ''));
    assert.deepEqual(
      [...new Set(google)],
      [
        `POST /v1/projects/${PROJECT}/services:batchEnable`,
        `POST /v1beta1/projects/${PROJECT}/services/pubsub.googleapis.com:generateServiceIdentity`,
        `POST /v1beta1/projects/${PROJECT}/services/cloudscheduler.googleapis.com:generateServiceIdentity`,
        'POST /storage/v1/b',
        `PATCH /storage/v1/b/${PROJECT}-tablao-terraform`,
        `POST /upload/storage/v1/b/${PROJECT}-tablao-terraform/o`,
      ],
    );
    const bucket = world.project.requests.find(
      ({ method, url }) => `${method} ${url.pathname}` === 'POST /storage/v1/b',
    );
    assert.deepEqual(JSON.parse(String(bucket?.body)), {
      name: `${PROJECT}-tablao-terraform`,
      location: REGION,
      iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: 'enforced' },
    });
    const made = await world.made();
    assert.equal(made.length, world.provider.changes.length);
    checkServices(made);
    checkCalls(made);

    world.project.forget();
    world.storage.forget();
    const changes = world.provider.changes.length;
    const second = await world.deploy();
    assert.equal(second.code, 0, second.words);
    assert.equal(world.provider.changes.length, changes, 'Terraform changed something');
    assert.deepEqual(
      world.writes().filter((line) => !/:batchEnable|:generateServiceIdentity/.test(line)),
      [],
    );
    assert.match(second.words, /No changes\. Your infrastructure matches the configuration/);

    // With other images the two services change, and nothing else.
    const images = ['control', 'manager', 'worker'].flatMap((name) => [
      '--image',
      `${name}=host.example/${name}@sha256:2`,
    ]);
    const third = await world.deploy([], images);
    assert.equal(third.code, 0, third.words);
    assert.deepEqual(world.provider.changes.slice(changes).sort(), [
      'update google_cloud_run_v2_service tablao-control',
      'update google_cloud_run_v2_service tablao-page',
    ]);

    // A door for browsers.
    const dir = mkdtempSync(join(tmpdir(), 'tablao-deploy-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const file = join(dir, 'door.tfvars.json');
    const secrets = { SIGN_IN_CLIENT_SECRET: 'tablao-sign-in', SESSION_KEY: 'tablao-session' };
    writeFileSync(file, JSON.stringify({ sign_in_client_id: CLIENT_ID, secrets }));
    const before = world.provider.changes.length;
    const fourth = await world.deploy(['--vars', file], images);
    assert.equal(fourth.code, 0, fourth.words);
    assert.deepEqual(world.provider.changes.slice(before).sort(), [
      'create google_cloud_run_v2_service_iam_member tablao-page',
      'create google_project_service secretmanager.googleapis.com',
      'create google_secret_manager_secret_iam_member roles/secretmanager.secretAccessor',
      'create google_secret_manager_secret_iam_member roles/secretmanager.secretAccessor',
      'update google_cloud_run_v2_service tablao-page',
    ]);
    checkDoor(await world.made());
  });
});

type Made = Awaited<ReturnType<Awaited<ReturnType<typeof deployWorld>>['made']>>;

function find(made: Made, address: string): Record<string, never> {
  const found = made.find((each) => each.address === address);
  assert.ok(found, address);
  return found.values as Record<string, never>;
}

/** The service reads its settings from what Cloud Run gives it. */
function checkServices(made: Made): void {
  for (const role of ['control', 'page'] as const) {
    const { template } = find(made, `google_cloud_run_v2_service.${role}`) as unknown as Service;
    const list = template[0].containers[0].env.map(({ name, value }) => [name, value] as const);
    const env = Object.fromEntries(list);
    assert.ok(list.length > 20 && Object.keys(env).length === list.length);
    const config = parseConfig({ ...env, K_SERVICE: `tablao-${role}`, PORT: '8080' }, []);
    assert.ok(config.mode === 'cloud');
    assert.deepEqual(
      [config.role, config.project, config.monthlyBudgetDollars, config.authMode, config.farm],
      [role, PROJECT, 200, 'private', 'tablao'],
    );
    assert.deepEqual(config.zones, [`${REGION}-b`, `${REGION}-c`], 'zones without the machines were taken');
    assert.deepEqual(config.jobs, {
      tick: `projects/${PROJECT}/locations/${REGION}/jobs/tablao-tick`,
      deadman: `projects/${PROJECT}/locations/${REGION}/jobs/tablao-deadman`,
    });
    assert.equal(config.accounts.nodes, `tablao-nodes@${PROJECT}.iam.gserviceaccount.com`);
    assert.ok(config.audiences.includes(`https://tablao-${role}-${NUMBER}.${REGION}.run.app`));
  }
}

/** The page is open, and its service knows whom to let in. */
function checkDoor(made: Made): void {
  const { template } = find(made, 'google_cloud_run_v2_service.page') as unknown as Service;
  const list = template[0].containers[0].env;
  const fromSecrets = list.flatMap(({ name, value_source: from }) => {
    const [reference] = from?.[0]?.secret_key_ref ?? [];
    return reference === undefined ? [] : [[name, reference.secret, reference.version]];
  });
  assert.deepEqual(fromSecrets.sort(), [
    ['SESSION_KEY', 'tablao-session', 'latest'],
    ['SIGN_IN_CLIENT_SECRET', 'tablao-sign-in', 'latest'],
  ]);
  const env = Object.fromEntries(list.map(({ name, value }) => [name, value ?? '']));
  const secrets = { SIGN_IN_CLIENT_SECRET: 'a-secret-of-google', SESSION_KEY: 'k'.repeat(43).concat('=') };
  const config = parseConfig({ ...env, ...secrets, K_SERVICE: 'tablao-page', PORT: '8080' }, []);
  assert.ok(config.mode === 'cloud');
  assert.deepEqual(
    [config.authMode, config.signIn?.clientId, config.people],
    ['public', CLIENT_ID, ['anna@film.example']],
  );
}

interface Service {
  readonly template: readonly [
    {
      readonly containers: readonly [{ readonly env: readonly Variable[] }];
    },
  ];
}

/** Who calls the service speaks as the account and for the address that the service expects. */
function checkCalls(made: Made): void {
  const tick = find(made, 'google_cloud_scheduler_job.tick') as unknown as Job;
  assert.deepEqual(
    [tick.schedule, tick.http_target[0].uri, tick.http_target[0].http_method],
    ['* * * * *', `${CONTROL_URL}/tick`, 'POST'],
  );
  assert.deepEqual(tick.http_target[0].oidc_token, [
    { audience: CONTROL_URL, service_account_email: `tablao-tick@${PROJECT}.iam.gserviceaccount.com` },
  ]);
  const { push_config: push } = find(made, 'google_pubsub_subscription.uploads') as unknown as {
    push_config: readonly [{ push_endpoint: string; oidc_token: unknown }];
  };
  assert.equal(push[0].push_endpoint, `${CONTROL_URL}/events/storage`);
  assert.deepEqual(push[0].oidc_token, [
    { audience: CONTROL_URL, service_account_email: `tablao-events@${PROJECT}.iam.gserviceaccount.com` },
  ]);
}

interface Job {
  readonly schedule: string;
  readonly http_target: readonly [
    { readonly uri: string; readonly http_method: string; readonly oidc_token: unknown },
  ];
}

interface Variable {
  readonly name: string;
  readonly value: string;
  readonly value_source?: readonly [
    { readonly secret_key_ref: readonly [{ readonly secret: string; readonly version: string }] },
  ];
}
