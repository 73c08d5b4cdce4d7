// destroy, with the real gcloud and the real Terraform on stand-ins for Google.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployAbsent, deployWorld } from './deploy-world.ts';
import { PROJECT, REGION } from './google-world.ts';
import { commandsIn } from './scripts.ts';

const JOBS = `projects/${PROJECT}/locations/${REGION}/jobs`;
const DEADMAN = `${JOBS}/tablao-deadman`;
/** The service's own, for a cluster whose creation hung. */
const SPARE = `${DEADMAN}-tablao-1`;

describe('destroy', { skip: deployAbsent }, () => {
  /** What is deployed, with a farm that is up, in the stand-ins. */
  async function deployed(t: { after(fn: () => unknown): void }) {
    const world = await deployWorld(t);
    const { storage, scheduler, services, raise } = world;
    assert.equal((await world.deploy()).code, 0);
    for (const name of ['scenes', 'renders'])
      await fetch(`${storage.url}/storage/v1/b`, {
        method: 'POST',
        body: JSON.stringify({ name: `${PROJECT}-tablao-${name}` }),
      });
    services.add('tablao-control');
    for (const name of [DEADMAN, SPARE])
      await fetch(`http://${scheduler.host}/v1/${JOBS}`, {
        method: 'POST',
        body: JSON.stringify({ name }),
      });
    storage.put(`${PROJECT}-tablao-renders`, 'film/shot/v001/shot_0001.png', 'x');
    await raise('tablao-1', `${REGION}-b`);
    world.goOn();
    return world;
  }

  test('ends the farm and all else in this order, and keeps what people made', async (t) => {
    const world = await deployed(t);
    const { gke, storage, scheduler, provider, services } = world;
    // A deploy was killed while it waited for Google to make the identity pool.
    await fetch(`${gke.url}/v1/projects/${PROJECT}/locations/${REGION}-c/clusters`, {
      method: 'POST',
      body: JSON.stringify({ cluster: { name: 'tablao-identity' } }),
    });
    gke.leave('disks', { name: 'pvc-1', zone: `${REGION}-b`, labels: { tablao: 'tablao' }, users: [] });

    // Elsewhere the service would not be found.
    const elsewhere = await world.destroy('--region', 'us-central1');
    assert.equal(elsewhere.code, 1);
    assert.match(elsewhere.words, /is in europe-west1, so Tablao is there: say --region europe-west1/);
    assert.equal(commandsIn(elsewhere).length, 1);

    const ran = await world.destroy();
    assert.equal(ran.code, 0, ran.words);
    assert.deepEqual(gke.clusters(), []);
    assert.deepEqual([...services], []);
    assert.equal(scheduler.find(SPARE), undefined);
    assert.ok(scheduler.find(DEADMAN), "is Terraform's");
    assert.match(ran.out, /Nothing of Tablao is left in film-farm but\n {2}scenes: .*\n {2}renders: /);
    const deleted = provider.changes.filter((line) => line.startsWith('delete '));
    assert.ok(deleted.length > 55);
    assert.ok(!deleted.some((line) => /google_storage_bucket film-farm-tablao-(scenes|renders)/.test(line)));
    assert.ok(deleted.includes('delete google_storage_bucket film-farm-tablao-state'));
    assert.ok(storage.find(`${PROJECT}-tablao-renders`, 'film/shot/v001/shot_0001.png'));
    const order = commandsIn(ran);
    const at = (words: RegExp) => order.findIndex((line) => words.test(line));
    const steps = [
      ...[/run services delete/, /clusters delete tablao-1/, /disks delete pvc-1/],
      ...[/jobs delete tablao-deadman-tablao-1/, / destroy /, /storage rm .*-terraform/],
    ].map(at);
    assert.ok(!steps.includes(-1), ran.words);
    assert.deepEqual(
      steps.toSorted((a, b) => a - b),
      steps,
    );
  });

  test('ends the farm although Google refuses to delete the service, or is busy; when it is run again it does the rest', async (t) => {
    const world = await deployed(t);
    const { gke, project, services, raise } = world;
    project.fail(/^DELETE .*\/services\/tablao-control/, { kind: 'status', status: 403 }, 2);
    gke.fail(/^DELETE .*clusters\/tablao-1/, { kind: 'status', status: 503 }, 1);
    const first = await world.destroy();
    assert.equal(first.code, 1);
    assert.match(first.words, /this failed: gcloud run services delete tablao-control/);
    assert.match(first.words, /The farm is ended all the same/);
    assert.deepEqual(gke.clusters(), []);
    assert.match(first.words, /run the same command again/);

    await raise('tablao-2', `${REGION}-b`);
    const second = await world.destroy();
    assert.equal(second.code, 0, second.words);
    assert.deepEqual([gke.clusters(), [...services]], [[], []]);
  });
});
