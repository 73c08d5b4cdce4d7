import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createLeftovers } from '../../services/control/adapters/gcp/leftovers.ts';
import { isPortError } from '../../services/control/ports/errors.ts';
import { computeAt } from './gke-world.ts';
import { googleError } from './google-error.ts';
import { type Answer, json, startServer } from './server.ts';

const EMPTY = { 'zones/a': { warning: { code: 'NO_RESULTS_ON_PAGE' } } };
const link = (kind: string) => `https://www.googleapis.com/compute/v1/projects/p/zones/b/${kind}/x`;

/** What is left over where Compute Engine answers so. */
async function leftoversWith(t: TestContext, answer: (path: string, page: string | null) => unknown) {
  const asked: string[] = [];
  const server = await startServer({
    clock: { now: () => 0 },
    failure: (status) => googleError(status),
    answer: ({ method, url: { pathname, searchParams } }): Answer => {
      asked.push(`${method} ${pathname}`);
      return json(200, answer(pathname, searchParams.get('pageToken')));
    },
  });
  t.after(() => server.close());
  return {
    asked,
    leftovers: createLeftovers({ farm: 'tablao', compute: computeAt(`http://${server.host}`) }),
  };
}

describe('what is left over in Compute Engine', () => {
  const untold = {
    'a zone that cannot be reached': { items: { ...EMPTY, 'zones/b': { warning: { code: 'UNREACHABLE' } } } },
    'an answer for a part only': { items: EMPTY, warning: { code: 'PARTIAL_SUCCESS' } },
    'zones that are named as silent': { items: EMPTY, unreachables: ['zones/b'] },
  };
  for (const [name, answer] of Object.entries(untold))
    test(`is not known with ${name}, and no disk is deleted`, async (t) => {
      const disks = { items: { 'zones/b': { disks: [{ name: 'x', selfLink: link('disks') }] } } };
      const world = await leftoversWith(t, (path) => (path.endsWith('instances') ? answer : disks));
      await assert.rejects(world.leftovers.find(true), (error) => isPortError(error, 'transient'));
      assert.ok(!world.asked.some((line) => line.startsWith('DELETE')));
    });

  test('is looked for to the last page, also behind an empty one', async (t) => {
    const { leftovers } = await leftoversWith(t, (path, page) => {
      if (path.endsWith('disks')) return { items: EMPTY };
      if (page === null) return { nextPageToken: '2' };
      return { items: { 'zones/b': { instances: [{ name: 'x', selfLink: link('instances') }] } } };
    });
    assert.deepEqual(await leftovers.find(false), ['machine x in b']);
  });
});
