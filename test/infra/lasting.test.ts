// What was chosen for a deployment stays, with the real gcloud and the real Terraform on stand-ins for Google.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { deployAbsent, deployWorld } from './deploy-world.ts';
import { PROJECT, REGION } from './google-world.ts';
import { commandsIn, type Ran } from './scripts.ts';

const BUCKET = `${PROJECT}-tablao-terraform`;
const KEPT = 'deploy.json';
const POOL = `pools = [{
  name = "big", machineType = "n2d-standard-32", vcpu = 32, memoryGiB = 128, device = "cpu",
  spotPricePerHour = 0.5, onDemandPricePerHour = 1.3, max = 4
}]
settings = { IDLE_TEARDOWN_SECONDS = "300" }
`;

describe('deploy, run again', { skip: deployAbsent }, () => {
  type Test = { after(fn: () => unknown): void };

  async function world(t: Test) {
    const google = await deployWorld(t);
    const dir = mkdtempSync(join(tmpdir(), 'tablao-lasting-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const vars = join(dir, 'ours.tfvars');
    writeFileSync(vars, POOL);
    /** The images, too, are said only once. */
    let images: string[] | undefined;
    const deploy = async (...args: readonly string[]) => {
      const ran = await google.deploy(args, images);
      images = [];
      return ran;
    };
    /** Pools by name, a setting, zones, how many budget alerts there are, and who may call the page. */
    const standing = async () => {
      const made = await google.made();
      const control = made.find(({ address }) => address === 'google_cloud_run_v2_service.control');
      assert.ok(control);
      const [template] = control.values.template as readonly [Template];
      const env = new Map(template.containers[0].env.map(({ name, value }) => [name, value]));
      const pools: readonly { readonly name: string }[] = JSON.parse(env.get('POOLS') ?? '[]');
      const people = made
        .filter(({ address }) => address.startsWith('google_cloud_run_v2_service_iam_member.people'))
        .map(({ values }) => values.member);
      const alerts = made.filter(({ type }) => type === 'google_billing_budget').length;
      const names = pools.map(({ name }) => name);
      return [names, env.get('IDLE_TEARDOWN_SECONDS'), env.get('ZONES'), alerts, people.sort()];
    };
    const nothingElse = async (ran: Ran, words: RegExp) => {
      assert.equal(ran.code, 1);
      assert.match(ran.words, words);
      assert.ok(!commandsIn(ran).some((line) => /^terraform |storage cp/.test(line)));
    };
    return { ...google, deployImages: google.deploy, deploy, standing, vars, nothingElse };
  }

  test('keeps pools, settings and people for whoever deploys next, until something else is said', async (t) => {
    const { deploy, standing, vars, provider, storage, env } = await world(t);
    // The first one breaks off.
    provider.fail('google_project_service', 'Error 403: not yet');
    const more = ['--zone', `${REGION}-c`, '--billing-account', 'none'];
    const first = await deploy('--vars', vars, '--people', 'user:ben@film.example', ...more);
    assert.equal(first.code, 1);

    const second = await deploy();
    assert.equal(second.code, 0, second.words);
    assert.match(
      second.out,
      /^\nWhat you do not say is as in the last deploy, which did not come to its end:\n/,
    );
    assert.match(second.out, / {2}people +user:anna@film\.example, user:ben@film\.example\n/);
    assert.match(second.out, / {2}vars +ours\.tfvars\n {6}pools = \[\{\n/);
    const both = ['user:anna@film.example', 'user:ben@film.example'];
    assert.deepEqual(await standing(), [['big'], '300', `${REGION}-c`, 0, both]);

    // Somebody else, who must not put the first one out.
    const before = provider.changes.length;
    env.CLOUDSDK_CORE_ACCOUNT = 'carl@film.example';
    const third = await deploy();
    assert.equal(third.code, 0, third.words);
    assert.match(third.out, /^\nWhat you do not say is as last time:\n/);
    assert.deepEqual(await standing(), [
      ['big'],
      '300',
      `${REGION}-c`,
      0,
      [...both, 'user:carl@film.example'],
    ]);
    assert.deepEqual(provider.changes.slice(before), [
      'create google_cloud_run_v2_service_iam_member tablao-page',
    ]);
    // The same again writes nothing.
    const { generation } = storage.find(BUCKET, KEPT) ?? {};
    assert.equal((await deploy()).code, 0);
    assert.equal(storage.find(BUCKET, KEPT)?.generation, generation);

    const said = await deploy('--people', 'user:dora@film.example', '--default', 'vars');
    assert.equal(said.code, 0, said.words);
    assert.match(
      said.out,
      / {2}people +user:carl@.*, user:dora@film\.example {3}\(last time: user:anna@.*\)\n/,
    );
    assert.match(said.out, / {2}vars +none {3}\(last time: ours\.tfvars\)\n {6}pools = /);
    const now = ['user:carl@film.example', 'user:dora@film.example'];
    assert.deepEqual(await standing(), [['cpu'], undefined, `${REGION}-c`, 0, now]);
  });

  test('changes nothing when nobody knows what was chosen last, until it is said', async (t) => {
    const { deploy, deployImages, standing, vars, storage, nothingElse } = await world(t);
    const made = await deploy('--vars', vars, '--people', 'user:ben@film.example');
    assert.equal(made.code, 0, made.words);
    const kept = storage.find(BUCKET, KEPT)?.bytes ?? new Uint8Array();

    storage.fail(/deploy\.json/, { kind: 'status', status: 403 });
    await nothingElse(await deploy(), /this failed: gcloud storage cat/);
    for (const [text, words] of [
      [kept.slice(0, 60), /deploy\.json cannot be read \(.*\), so what was chosen last time is not known/],
      [String(kept).replace('"schema": 1', '"schema": 2'), /a newer Tablao wrote it/],
      [String(kept).replace('user:ben@film.example', 'allUsers'), /its people is none/],
      [String(kept).replace('"people"', '"peeple"'), /it has peeple, which is not known here/],
    ] as const) {
      storage.put(BUCKET, KEPT, text);
      await nothingElse(await deploy('--people', 'user:ben@film.example'), words);
    }
    storage.remove(BUCKET, KEPT);
    const lost = await deploy();
    await nothingElse(lost, /Something is deployed, but gs:.*deploy\.json is not there/);
    assert.match(lost.words, /gcloud storage ls --all-versions gs:.*deploy\.json/);
    assert.match(lost.words, /Say what is to hold \(--people, .*\) and --default all/);

    const said = await deployImages(['--vars', vars, '--default', 'all']);
    assert.equal(said.code, 0, said.words);
    assert.deepEqual(await standing(), [
      ['big'],
      '300',
      `${REGION}-b,${REGION}-c`,
      1,
      ['user:anna@film.example'],
    ]);
  });
});

interface Template {
  readonly containers: readonly [
    { readonly env: readonly { readonly name: string; readonly value: string }[] },
  ];
}
