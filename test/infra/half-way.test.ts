// A deploy that is broken off, with the real gcloud and the real Terraform on stand-ins for Google.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployAbsent, deployWorld } from './deploy-world.ts';
import { commandsIn } from './scripts.ts';

describe('a deploy that is broken off', { skip: deployAbsent }, () => {
  test('goes on when it is run again, wherever it was; a new project gets its identity pool', async (t) => {
    const world = await deployWorld(t);
    world.goOn();
    const { project, storage, provider } = world;
    project.fail(/services:batchEnable/, { kind: 'status', status: 403 });
    storage.fail(/^PATCH \/storage\/v1\/b\//, { kind: 'status', status: 403 });
    provider.fail('google_project_service', 'Error 403: this one is not yours');
    const words = [/services enable/, /buckets update .*--versioning/, /this one is not yours/];
    for (const why of words) {
      const broken = await world.deploy();
      assert.equal(broken.code, 1);
      assert.match(broken.words, why);
      assert.match(broken.words, /put it right and run the same command again/);
    }
    provider.fail(
      'google_storage_bucket_iam_member',
      'Identity Pool does not exist (film-farm.svc.id.goog).',
    );
    const last = await world.deploy();
    assert.equal(last.code, 0, last.words);
    const clusters = commandsIn(last).filter((line) => /container clusters (create|delete)/.test(line));
    assert.deepEqual(
      clusters.map((line) => /clusters (\w+ [\w-]+)/.exec(line)?.[1]),
      ['create tablao-identity', 'delete tablao-identity'],
    );
    assert.deepEqual(world.gke.clusters(), []);
    // An owner of the project may have no rights on its billing account.
    provider.fail('google_billing_budget', 'Error updating Budget: googleapi: Error 403: no permission');
    const dearer = await world.deploy(['--monthly-dollars', '300']);
    assert.match(dearer.words, /Say --billing-account none to go without/);

    const made = await world.made();
    const addresses = new Set(made.map(({ address }) => address));
    assert.equal(addresses.size, made.length);
    assert.ok(addresses.has('google_cloud_run_v2_service.control') && addresses.size > 55);
  });
});
