import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { startLite, type TestWorker } from '../flamenco-lite/lite-manager.ts';
import { dockerFolder, processFolder, shellAbsent, start, temporaryFolder, until } from './shell.ts';

const NOBODY = 'http://127.0.0.1:1';
const STRANGER = '11111111-8b86-4011-b42d-00c04fc964ff';

describe("the worker image's liveness probe", { skip: shellAbsent }, () => {
  it('lets a worker live that the manager knows', async (t) => {
    const manager = await startLite(t);
    const home = homeOf(t, await manager.addWorker('w-1'));
    assert.deepEqual(await probe(t, { home, url: manager.url }), { code: 0, out: '' });
  });

  it('ends a worker that the manager does not know', async (t) => {
    const manager = await startLite(t);
    const worker = await manager.addWorker('w-1');
    await manager.call('DELETE', `worker-mgt/workers/${worker.id}`);
    const { code, out } = await probe(t, { home: homeOf(t, worker), url: manager.url });
    assert.equal(code, 1);
    assert.match(out, /the manager does not know this worker/);
  });

  it('ends a worker that registered itself anew, since it has no tag', async (t) => {
    const manager = await startLite(t);
    const home = homeOf(t, await manager.addWorker('w-1'));
    writeCredentials(home, await manager.addWorker('w-1'));
    const { code, out } = await probe(t, { home, url: manager.url });
    assert.equal(code, 1);
    assert.match(out, /registered itself anew/);
  });

  it('is patient with a silent manager for exactly as long as it is told', async (t) => {
    const home = homeOf(t, { id: STRANGER, secret: 'x' });
    assert.equal((await probe(t, { home, url: NOBODY })).code, 0, 'the first silence begins the wait');
    const seen = join(home, 'tablao-manager-seen');
    const uptime = Math.floor(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]));
    writeFileSync(seen, `${uptime - 880}\n`);
    assert.equal((await probe(t, { home, url: NOBODY })).code, 0);
    writeFileSync(seen, `${uptime - 900}\n`);
    const { code, out } = await probe(t, { home, url: NOBODY });
    assert.equal(code, 1);
    assert.match(out, /the manager has not answered for 90\d s/);
  });

  it('begins to count anew when the manager answers', async (t) => {
    const manager = await startLite(t);
    const home = homeOf(t, await manager.addWorker('w-1'));
    writeFileSync(join(home, 'tablao-manager-seen'), '0\n');
    assert.equal((await probe(t, { home, url: manager.url })).code, 0);
    assert.equal((await probe(t, { home, url: NOBODY })).code, 0);
  });

  it('has patience with a worker that has not registered yet', async (t) => {
    assert.equal((await probe(t, { home: temporaryFolder(t), url: NOBODY })).code, 0);
  });

  for (const name of ['blender', 'ffmpeg', 'ffmpeg-linux-amd64']) {
    it(`never ends a worker while ${name} runs, without a look at the manager`, async (t) => {
      const manager = await startLite(t);
      const worker = await manager.addWorker('w-1');
      await manager.call('DELETE', `worker-mgt/workers/${worker.id}`);
      const home = homeOf(t, worker);
      const proc = processFolder(t, [process.pid, await startNamed(t, name)]);
      assert.deepEqual(await probe(t, { home, url: manager.url, proc }), { code: 0, out: '' });
      assert.equal(existsSync(join(home, 'tablao-manager-seen')), false);
    });
  }

  it('does not take a Blender that has ended for one that renders', async (t) => {
    const manager = await startLite(t);
    const worker = await manager.addWorker('w-1');
    await manager.call('DELETE', `worker-mgt/workers/${worker.id}`);
    const proc = processFolder(t, [process.pid, await startZombie(t)]);
    assert.equal((await probe(t, { home: homeOf(t, worker), url: manager.url, proc })).code, 1);
  });
});

/** A worker's folder as the entry leaves it. */
function homeOf(t: TestContext, worker: Pick<TestWorker, 'id' | 'secret'>): string {
  const home = temporaryFolder(t);
  writeFileSync(join(home, 'tablao-worker-id'), `${worker.id}\n`);
  writeCredentials(home, worker);
  return home;
}

function writeCredentials(home: string, { id, secret }: Pick<TestWorker, 'id' | 'secret'>): void {
  const text = `worker_id: ${id}\nworker_secret: ${secret}\n`;
  writeFileSync(join(home, 'flamenco-worker-credentials.yaml'), text);
}

interface ProbeOptions {
  readonly home: string;
  readonly url: string;
  /** Only this process, when absent: the machine may well render something else. */
  readonly proc?: string;
}

async function probe(t: TestContext, { home, url, proc = processFolder(t, [process.pid]) }: ProbeOptions) {
  const env = {
    PATH: process.env.PATH ?? '',
    FLAMENCO_HOME: home,
    FLAMENCO_MANAGER: url,
    TABLAO_PROC: proc,
  };
  const { code, out } = await start(t, join(dockerFolder, 'worker/alive.sh'), [], env).ended;
  return { code, out };
}

/** A real process with that name; returns its id. */
async function startNamed(t: TestContext, name: string): Promise<number> {
  const program = join(temporaryFolder(t), name);
  copyFileSync('/bin/sleep', program);
  const child = spawn(program, ['60'], { stdio: 'ignore' });
  t.after(() => {
    child.kill('SIGKILL');
  });
  const pid = child.pid ?? 0;
  await until(() => commandOf(pid) === name.slice(0, 15));
  return pid;
}

/**
 * A Blender that has ended and that nobody collects: its parent has become a program that never will. It ends only then,
 * since a shell would still collect it.
 */
async function startZombie(t: TestContext): Promise<number> {
  const folder = temporaryFolder(t);
  copyFileSync('/bin/cat', join(folder, 'blender'));
  const script = `exec 3<&0; '${folder}/blender' <&3 & echo $!; exec sleep 60`;
  const parent = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
  t.after(() => {
    parent.kill('SIGKILL');
  });
  const [line] = await once(createInterface(parent.stdout), 'line');
  const pid = Number(line);
  await until(() => commandOf(parent.pid ?? 0) === 'sleep' && commandOf(pid) === 'blender');
  parent.stdin.end();
  await until(() => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
  return pid;
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
}
