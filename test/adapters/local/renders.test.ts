import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLocalRenders } from '../../../services/control/adapters/local/renders.ts';
import { isPortError } from '../../../services/control/ports/errors.ts';
import { describeRendersContract } from '../../contracts/renders.ts';
import { FakeRenders } from '../../fakes/fake-buckets.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { temporaryFolder } from './temporary-folder.ts';

describeRendersContract('fake', () => new FakeRenders({ clock: new FakeClock() }));
describeRendersContract('local', (t) => createLocalRenders({ dir: temporaryFolder(t) }));

test('local renders never write or read outside their folder', {
  skip: process.platform === 'win32',
}, async (t) => {
  const [dir, outside] = [temporaryFolder(t), temporaryFolder(t)];
  const renders = createLocalRenders({ dir });
  symlinkSync(outside, join(dir, 'link'));
  mkdirSync(join(outside, 'deep'));
  writeFileSync(join(outside, 'deep', 'secret'), 'secret');
  const bytes = new Uint8Array([1]);
  for (const path of ['../x', '/x', 'a/../../x', 'link/x', 'link/new/x'])
    await assert.rejects(
      renders.write(path, bytes, 'image/png'),
      (error) => isPortError(error, 'invalid'),
      path,
    );
  for (const path of ['../x', 'link/deep/secret', '.'])
    await assert.rejects(renders.read(path, 0, 1), (error) => isPortError(error, 'notFound'), path);
  assert.equal(existsSync(join(outside, 'new')), false);
  assert.deepEqual(await renders.list(''), []);
  assert.deepEqual(await renders.list('../'), []);
  assert.deepEqual(await renders.list('link/'), []);
});
