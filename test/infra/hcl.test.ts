// Our Terraform by its text, where there is no Terraform: the provider's names, and the rights that the README lists.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CLOUD_VARIABLES } from '../../services/control/cloud-variables.ts';
import { VARIABLES } from '../../services/control/variables.ts';
import { faultsOf, readDeclared } from './hcl.ts';
import { TERRAFORM_DIR } from './terraform-tools.ts';
import { schemaInUse } from './terraform-world.ts';

const OF_ONE_MACHINE = ['BLENDER', 'FLAMENCO_DIR', 'PRICE_PER_WORKER_HOUR'];
const OF_THE_IMAGE = ['PORT', 'ROLE', 'HELM', 'CHART_DIR'];
/** Set for one way of reaching the page only: behind Identity-Aware Proxy they are given. */
const ALSO_TAKEN = ['PEOPLE'];

describe('infra/terraform, read without Terraform', () => {
  test('uses only what the provider knows, and gives what it wants', async () => {
    const schema = schemaInUse();
    const declared = await readDeclared();
    assert.ok(declared.length > 40, `${declared.length} things`);
    assert.deepEqual(
      declared.flatMap((each) => faultsOf(each, schema)),
      [],
    );
    const wrong = { kind: 'resource', name: 'x' } as const;
    const faults = (type: string, body: object) => faultsOf({ ...wrong, type, body: { ...body } }, schema);
    assert.deepEqual(faults('google_pubsub_topic', { nam: 'x' }), [
      'google_pubsub_topic.x: name is missing',
      'google_pubsub_topic.x: nam cannot be set',
    ]);
    assert.deepEqual(faults('google_clod_run', {}), ['google_clod_run.x: there is no google_clod_run']);
    assert.deepEqual(
      faults('google_cloud_run_v2_service', {
        ...{ name: 'x', location: 'y' },
        template: [{ dynamic: { containers: [{ content: [{ imag: 'z' }] }] } }],
      }),
      [
        'google_cloud_run_v2_service.x.template.containers: image is missing',
        'google_cloud_run_v2_service.x.template.containers: imag cannot be set',
      ],
    );
  });

  test('gives exactly the rights that the README lists', async () => {
    const given = (await readDeclared())
      .filter(({ type }) => /_iam_(member|binding|policy)$/.test(type))
      .map(({ type, name }) => `${type}.${name}`);
    assert.ok(
      given.every((each) => each.includes('_iam_member.')),
      'a binding or policy takes rights away from others',
    );
    const text = readFileSync(join(TERRAFORM_DIR, 'README.md'), 'utf8');
    const listed = [...text.matchAll(/^\|.*\| `(\w+)` \|$/gm)].map(([, name]) => name);
    const names = given.map((each) => each.split('.')[1]);
    assert.deepEqual([...listed].sort(), [...names].sort());
  });

  test("gives the service's own roles the permissions that the README explains, each one", async () => {
    const text = readFileSync(join(TERRAFORM_DIR, 'README.md'), 'utf8');
    const code = readFileSync(join(TERRAFORM_DIR, 'roles.tf'), 'utf8');
    const permissions = [...code.matchAll(/"((?:container|compute|cloudscheduler|storage)\.\w+\.\w+)"/g)].map(
      ([, permission = '']) => permission,
    );
    const verbs = [...code.matchAll(/for verb in \[(.*)\] : "cloudscheduler/g)].flatMap(([, list = '']) => [
      ...list.matchAll(/\w+/g),
    ]);
    assert.ok(verbs.length > 4);
    const scheduler = text.match(/`cloudscheduler\.jobs\.[\w|]+`/g)?.join(' ') ?? '';
    for (const [verb] of verbs) assert.match(scheduler, new RegExp(`\\b${verb}\\b`));
    const kinds = [...code.matchAll(/^ {4}(\w+) += \["/gm)].map(([, kind = '']) => `container.${kind}.`);
    assert.ok(permissions.length > 10 && kinds.length > 8);
    const unexplained = [...permissions, ...kinds].filter((each) => !text.includes(each));
    assert.deepEqual(unexplained, []);
  });

  test('takes in `settings` each variable of the service that nothing else sets, and no other', () => {
    const variables = readFileSync(join(TERRAFORM_DIR, 'variables.tf'), 'utf8');
    const [, list = ''] = /setsubtract\(keys\(var\.settings\), \[([^\]]+)\]/.exec(variables) ?? [];
    const taken = [...list.matchAll(/"([A-Z_]+)"/g)].map(([, name = '']) => name);
    const services = readFileSync(join(TERRAFORM_DIR, 'services.tf'), 'utf8');
    const set = [...services.matchAll(/^ {4}([A-Z_]+) += /gm)].map(([, name = '']) => name);
    const elsewhere = new Set([...set, ...OF_ONE_MACHINE, ...OF_THE_IMAGE]);
    const open = Object.keys({ ...VARIABLES, ...CLOUD_VARIABLES }).filter((name) => !elsewhere.has(name));
    assert.deepEqual([...taken].sort(), [...open, ...ALSO_TAKEN].sort());
  });
});
