// The rights that a deploy gives, beside those that the service uses in a farm's whole life: none is missing, none is idle.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createHelmInstall } from '../../services/control/adapters/gcp/helm.ts';
import { createQuotas } from '../../services/control/adapters/gcp/quotas.ts';
import { createKubeWorkers } from '../../services/control/adapters/gcp/workers.ts';
import { cloudSettings } from '../../services/control/cloud-settings.ts';
import { parseConfig } from '../../services/control/config.ts';
import { FIRST_ZONE, startLoopWorld } from '../cloud/loop-world.ts';
import { CLOUD_ENV } from '../cloud-env.ts';
import { computeAt } from '../gcp/gke-world.ts';
import { googleError } from '../gcp/google-error.ts';
import { kubeWorld, NAMESPACE } from '../gcp/kube-world.ts';
import { type Asked, json, startServer } from '../gcp/server.ts';
import { installTools, toolsAbsent } from '../tools/tools.ts';
import { deployAbsent, deployWorld } from './deploy-world.ts';
import { PROJECT } from './google-world.ts';
import { startPage } from './page-process.ts';
import { type Grant, type Needed, neededFor, STORAGE_ROLES } from './permissions.ts';

type Deployed = Awaited<ReturnType<Awaited<ReturnType<typeof deployWorld>>['made']>>;

/** What Google's own roles give besides. */
const IDLE = { control: [], page: ['storage.objects.list on film-scenes'] };

describe('the rights', { skip: deployAbsent || toolsAbsent }, () => {
  test('are those that the service uses in the whole life of a farm, and no more', async (t) => {
    const grants = grantsIn(await deployed(t));
    const used = {
      control: [...(await wholeLife(t)), ...(await seldomDone(t))],
      page: await pageInUse(t),
    };
    for (const who of ['control', 'page'] as const) {
      const own = grants.filter(({ member }) => member.includes(`tablao-${who}@`));
      const needed = used[who].flatMap(neededFor);
      const missing = needed.filter((each) => !own.some((grant) => allows(grant, each)));
      const idle = own.flatMap((grant) =>
        grant.permissions
          .filter(
            (permission) => !needed.some((each) => each.permission === permission && allows(grant, each)),
          )
          .map((permission) => `${permission} on ${grant.on}`),
      );
      assert.deepEqual({ missing, idle: idle.sort() }, { missing: [], idle: IDLE[who] }, who);
    }
  });
});

function allows({ on, permissions, holds }: Grant, { permission, object, ...needed }: Needed): boolean {
  if (on !== needed.on || !permissions.includes(permission)) return false;
  return holds === null || (object !== undefined && holds(object));
}

async function deployed(t: TestContext): Promise<Deployed> {
  const world = await deployWorld(t);
  const ran = await world.deploy();
  assert.equal(ran.code, 0, ran.words);
  return world.made();
}

/** All that is given on the project and the buckets, which are called as in the worlds below. */
function grantsIn(made: Deployed): readonly Grant[] {
  const values = (type: string) =>
    made.filter((each) => each.type === type).map((each) => each.values as unknown as Binding);
  const own = new Map(
    values('google_project_iam_custom_role').map(({ name, role_id: id, permissions }) => [
      name,
      permissions ?? [id],
    ]),
  );
  const onProject = values('google_project_iam_member').map(({ member, role }) => ({
    ...{ member, on: 'project', permissions: own.get(role) ?? [role], holds: null },
  }));
  const onBuckets = values('google_storage_bucket_iam_member').map(({ member, role, bucket, condition }) => ({
    member,
    on: bucket.replace(`${PROJECT}-tablao-`, 'film-'),
    permissions: own.get(role) ?? (STORAGE_ROLES[role] ?? [role]).map((verb) => `storage.objects.${verb}`),
    holds: condition?.[0] === undefined ? null : conditionOf(condition[0].expression, bucket),
  }));
  return [...onProject, ...onBuckets];
}

interface Binding {
  readonly member: string;
  readonly role: string;
  readonly bucket: string;
  readonly name: string;
  readonly role_id: string;
  readonly permissions?: readonly string[];
  readonly condition?: readonly { readonly expression: string }[];
}

function conditionOf(expression: string, bucket: string): (object: string) => boolean {
  const [, how, text = ''] = /^resource\.name\.(startsWith|endsWith)\("(.*)"\)$/.exec(expression) ?? [];
  assert.ok(how === 'startsWith' || how === 'endsWith', expression);
  return (object) => `projects/_/buckets/${bucket}/objects/${object}`[how](text);
}

/** A farm's life with a zone that has no machines, and a disk that is left behind. */
async function wholeLife(t: TestContext): Promise<readonly Asked[]> {
  const { gke, apis, upload, untilRun, untilGone } = await startLoopWorld(t);
  gke.stockedOut.add(FIRST_ZONE);
  await upload();
  await untilRun('completed');
  const labels = { tablao: 'tablao' };
  gke.leave('disks', { name: 'pvc-1', zone: FIRST_ZONE, labels, users: [] });
  await untilGone();
  return apis.flatMap(({ requests }) => requests);
}

/** Helm takes out what a killed one left and installs again; a worker is told to end; the quotas of GPUs are read. */
async function seldomDone(t: TestContext): Promise<readonly Asked[]> {
  const { kube, call } = await kubeWorld(t, { isOpen: true, isBare: true });
  const gpus = [
    { ...{ name: 'gpu', machineType: 'g2-standard-8', vcpu: 8, memoryGiB: 32, max: 2, device: 'optix' } },
  ].map((pool) => ({ ...pool, gpu: { type: 'nvidia-l4', count: 1 }, spotPricePerHour: 0.3 }));
  const config = parseConfig({ ...CLOUD_ENV, POOLS: JSON.stringify(gpus) }, []);
  assert.ok(config.mode === 'cloud');
  const { helm, nodePoolsOf, quotas } = cloudSettings(config);
  const install = (timeoutMs: number) =>
    createHelmInstall({
      ...{ ...helm, program: installTools().helm, release: 'tablao', namespace: NAMESPACE, timeoutMs },
      token: async () => 'google-token',
      serverOf: () => kube.url,
    })({ name: 'tablao-1', zone: 'z', state: 'up', createdAt: 0, endpoint: 'e', message: '' });
  kube.fail(/^(PATCH|POST) .*deployments/, { kind: 'hang', acts: false }, 99);
  await assert.rejects(install(20_000));
  kube.mend();
  await install(600_000);
  const workers = createKubeWorkers({
    ...{ kube: call, namespace: NAMESPACE, release: 'tablao', nodePoolsOf },
    server: async () => kube.url,
  });
  await workers.order('gpu', ['w-1']);
  await workers.remove('w-1');

  const compute = await startServer({
    clock: { now: () => 0 },
    answer: () => json(200, {}),
    failure: (status) => googleError(status),
  });
  t.after(() => compute.close());
  await createQuotas({ compute: computeAt(`http://${compute.host}`), farm: 'tablao', ...quotas })();
  return [...kube.requests, ...compute.requests];
}

/** What people do: look, upload, overwrite, command, open Flamenco's own page. */
async function pageInUse(t: TestContext): Promise<readonly Asked[]> {
  const world = await startLoopWorld(t);
  await world.upload();
  await world.untilRun('completed');
  for (const api of world.apis) api.forget();
  const { url, token } = await startPage(t, world);
  const ask = async (path: string, body?: object) => {
    const answer = await fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${path}: ${answer.status} ${text}`);
    return text;
  };
  const [run] = world.runs();
  assert.ok(run);
  await ask('/');
  await ask('/status');
  await ask('/status/runs');
  await ask(`/status/runs/${run.id}`);
  await ask('/scenes/look', { paths: ['film/shot.blend', 'film/none.png'] });
  await ask('/renders/look', { paths: ['film/shot/v001/tablao_0001.png'] });
  await ask('/renders/film/shot/v001/tablao_0001.png');
  await ask('/uploads', { path: 'film/shot.blend', size: 7 });
  await ask('/farm/wake', {});
  await ask('/api/v3/version');
  return world.apis.flatMap(({ requests }) => requests);
}
