import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startManager } from '../../services/flamenco-lite/start-manager.ts';
import { type LiteManager, startLite } from './lite-manager.ts';

const program = join(import.meta.dirname, '../../services/flamenco-lite/worker.ts');

/** A job type whose one task runs the commands that the settings hold as JSON. */
const scripts = {
  'commands.js': `const JOB_TYPE = { label: 'Commands', settings: [] };
    function compileJob(job) {
      const task = author.Task('the-task', 'misc');
      for (const command of JSON.parse(job.settings.commands))
        task.addCommand(author.Command(command.name, command.parameters, command.steps || 0));
      job.addTask(task);
    }`,
};

interface Command {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly steps?: number;
}

interface WorkerProcess {
  readonly child: ChildProcess;
  readonly home: string;
  /** The exit code; `null` after a signal. */
  readonly exit: Promise<number | null>;
  readonly output: () => string;
}

function startWorker(t: TestContext, url: string, home: string, ...flags: readonly string[]): WorkerProcess {
  const env = {
    ...process.env,
    FLAMENCO_HOME: home,
    FLAMENCO_WORKER_NAME: 'wendy',
    FLAMENCO_LITE_SPEED: '500',
  };
  const child = spawn(process.execPath, [program, '-manager', url, ...flags], { env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  t.after(() => child.kill('SIGKILL'));
  return { child, home, exit, output: () => output };
}

async function start(t: TestContext) {
  const lite = await startLite(t, { scripts });
  return { lite, worker: startWorker(t, lite.url, join(lite.folder, 'home')) };
}

/** Looks until `ask` gives something; fails loudly when it never does. */
async function until<Found>(ask: () => Promise<Found | null | false>): Promise<Found> {
  for (let tries = 0; tries < 500; tries++) {
    const found = await ask();
    if (found !== null && found !== false) return found;
    await delay(10);
  }
  throw new Error('waited in vain');
}

function submitCommands(lite: LiteManager, ...commands: readonly Command[]): Promise<string> {
  return lite.submit({ type: 'commands', settings: { commands: JSON.stringify(commands) } });
}

async function theTask(lite: LiteManager, jobId: string) {
  const [task] = (await lite.call('GET', `jobs/${jobId}/tasks`)).body.tasks;
  return task;
}

const taskWith = (lite: LiteManager, jobId: string, status: string) =>
  until(async () => {
    const task = await theTask(lite, jobId);
    return task.status === status ? task : null;
  });

const jobWith = (lite: LiteManager, jobId: string, status: string) =>
  until(async () => {
    const job = (await lite.call('GET', `jobs/${jobId}`)).body;
    return job.status === status ? job : null;
  });

const logOf = async (lite: LiteManager, taskId: string) =>
  (await lite.call('GET', `tasks/${taskId}/logtail`)).text;

const wendy = (lite: LiteManager) =>
  until(async () => (await lite.call('GET', 'worker-mgt/workers')).body.workers[0] ?? null);

async function ask(lite: LiteManager, status: string, is_lazy: boolean): Promise<void> {
  await lite.call('POST', `worker-mgt/workers/${(await wendy(lite)).id}/setstatus`, { status, is_lazy });
}

/** A program that says where it is, then waits for ever with a child of its own. */
function stubborn(folder: string): string {
  const path = join(folder, 'stubborn.sh');
  writeFileSync(path, `#!/bin/sh\nsleep 600 &\necho "child $!"\nwait\n`);
  chmodSync(path, 0o755);
  return path;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A killed process that nobody has collected yet is dead too.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe("flamenco-lite's worker", () => {
  test('runs an echo-sleep-test job from its registration to the end', async (t) => {
    const { lite, worker } = await start(t);
    const jobId = await lite.submit();
    const job = await jobWith(lite, jobId, 'completed');
    assert.deepEqual([job.steps_completed, job.steps_total], [2, 2]);
    const task = await theTask(lite, jobId);
    assert.match(await logOf(lite, task.id), /\necho: "hello"\n/);
    assert.equal(task.worker.name, 'wendy');
    const credentials = readFileSync(join(worker.home, 'flamenco-worker-credentials.yaml'), 'utf8');
    assert.match(credentials, new RegExp(`^worker_id: ${task.worker.id}$`, 'm'));
  });

  test('finishes its task, signs off and exits 0 when it is drained', async (t) => {
    const { lite, worker } = await start(t);
    const jobId = await submitCommands(
      lite,
      { name: 'exec', parameters: { exe: 'sleep', args: ['0.3'] } },
      { name: 'echo', parameters: { message: 'finished' } },
    );
    await taskWith(lite, jobId, 'active');
    await ask(lite, 'offline', true);
    assert.equal(await worker.exit, 0);
    assert.equal((await theTask(lite, jobId)).status, 'completed');
    assert.equal((await wendy(lite)).status, 'offline');
  });

  test('stops its task at once when it is told to, and exits with the given code for a restart', async (t) => {
    const lite = await startLite(t, { scripts });
    const worker = startWorker(t, lite.url, join(lite.folder, 'home'), '-restart-exit-code', '47');
    const jobId = await submitCommands(lite, { name: 'sleep', parameters: { duration_in_seconds: 600 } });
    await taskWith(lite, jobId, 'active');
    await ask(lite, 'restart', false);
    assert.equal(await worker.exit, 47);
    assert.equal((await theTask(lite, jobId)).status, 'queued');
  });

  test('on SIGTERM kills all of what it runs, signs off and exits 1; the task is queued, not failed', async (t) => {
    const { lite, worker } = await start(t);
    const exe = stubborn(lite.folder);
    const jobId = await submitCommands(lite, { name: 'exec', parameters: { exe, args: [] } });
    const task = await taskWith(lite, jobId, 'active');
    worker.child.kill('SIGTERM');
    assert.equal(await worker.exit, 1);
    const queued = (await lite.call('GET', `tasks/${task.id}`)).body;
    assert.equal(queued.status, 'queued');
    assert.deepEqual(queued.failed_by_workers, []);
    assert.equal((await wendy(lite)).status, 'offline');
  });

  test('leaves nothing running of a task that somebody else is to have', async (t) => {
    const { lite } = await start(t);
    const exe = stubborn(lite.folder);
    // Enough lines to be sent at once, so that the child's number is in the log.
    const args = ['-c', `${exe} & sleep 0.1; yes filling | head -n 2000; wait`];
    const jobId = await submitCommands(lite, { name: 'exec', parameters: { exe: 'sh', args } });
    const task = await taskWith(lite, jobId, 'active');
    const log = (await lite.call('GET', `tasks/${task.id}/log`)).body;
    const pid = await until(async () => {
      const match = /> child (\d+)/.exec((await lite.call('GET', log.url)).text);
      return match === null ? null : Number(match[1]);
    });
    assert.ok(isAlive(pid));
    await lite.call('POST', `jobs/${jobId}/setstatus`, { status: 'cancel-requested', reason: 'test' });
    await until(async () => !isAlive(pid));
  });

  test('falls asleep and wakes up when it is asked to', async (t) => {
    const { lite } = await start(t);
    const seen = (status: string) => until(async () => (await wendy(lite)).status === status);
    await seen('awake');
    await ask(lite, 'asleep', true);
    await seen('asleep');
    await ask(lite, 'awake', false);
    await seen('awake');
  });

  test('comes back as the same worker with its credentials', async (t) => {
    const { lite, worker } = await start(t);
    await until(async () => (await wendy(lite)).status === 'awake');
    worker.child.kill('SIGTERM');
    await worker.exit;
    startWorker(t, lite.url, worker.home);
    await until(async () => (await wendy(lite)).status === 'awake');
    assert.equal((await lite.call('GET', 'worker-mgt/workers')).body.workers.length, 1);
  });

  test('registers anew when the manager does not know it any more', async (t) => {
    const { lite, worker } = await start(t);
    const { id } = await wendy(lite);
    worker.child.kill('SIGTERM');
    await worker.exit;
    await lite.call('DELETE', `worker-mgt/workers/${id}`);
    startWorker(t, lite.url, worker.home);
    await until(async () => (await wendy(lite)).status === 'awake');
    assert.notEqual((await wendy(lite)).id, id);
  });

  test('ends with 1 when it has no credentials and there is no manager', async (t) => {
    const lite = await startLite(t);
    await lite.stop();
    const worker = startWorker(t, lite.url, join(lite.folder, 'home'));
    assert.equal(await worker.exit, 1);
  });

  test('ends with 1 and words when it is not told where the manager is', async (t) => {
    const lite = await startLite(t);
    const worker = startWorker(t, '', join(lite.folder, 'home'));
    assert.equal(await worker.exit, 1);
    assert.match(worker.output(), /-manager/);
  });

  test('goes on with its task while the manager is away and reports it when it is back', async (t) => {
    const { lite } = await start(t);
    const gate = join(lite.folder, 'gate');
    const done = join(lite.folder, 'done');
    const script = `while [ ! -e ${gate} ]; do sleep 0.02; done; echo worked; touch ${done}`;
    const jobId = await submitCommands(lite, {
      name: 'exec',
      parameters: { exe: 'sh', args: ['-c', script] },
    });
    await taskWith(lite, jobId, 'active');
    const listen = new URL(lite.url).host;
    await lite.stop();
    writeFileSync(gate, '');
    await until(async () => existsSync(done));
    await until(async () => existsSync(join(lite.folder, 'home', 'flamenco-lite-updates.jsonl')));
    // The same farm answers again on the same port, as after a manager's network came back.
    const again = await startManager({ folder: lite.folder, listen, farm: lite.farm });
    t.after(() => again.close());
    await jobWith(lite, jobId, 'completed');
    assert.match(await logOf(lite, (await theTask(lite, jobId)).id), /> worked\n/);
    // It goes right after its last update was taken.
    await until(async () => !existsSync(join(lite.folder, 'home', 'flamenco-lite-updates.jsonl')));
  });

  const failing: readonly (readonly [string, Command, RegExp])[] = [
    [
      'a program that exits 3',
      { name: 'exec', parameters: { exe: 'sh', args: ['-c', 'exit 3'] } },
      /with code 3/,
    ],
    ['a program that is not there', { name: 'exec', parameters: { exe: '/no/such/thing' } }, /ENOENT/],
    ['a command that nobody knows', { name: 'dance', parameters: {} }, /unknown command: "dance"/],
    ['a missing parameter', { name: 'exec', parameters: {} }, /mandatory parameter "exe" is missing/],
  ];
  for (const [what, command, words] of failing) {
    test(`reports a failure with its reason for ${what}`, async (t) => {
      const { lite } = await start(t);
      const jobId = await submitCommands(lite, command);
      await jobWith(lite, jobId, 'failed');
      const task = (await lite.call('GET', `tasks/${(await theTask(lite, jobId)).id}`)).body;
      assert.match(task.activity, /^Failed: /);
      assert.match(task.activity, words);
      assert.match(await logOf(lite, task.id), words);
    });
  }

  test('follows the output of Blender: frames are steps, and the last picture goes to the manager', async (t) => {
    const { lite } = await start(t);
    const picture = join(lite.folder, '0002.png');
    writeFileSync(picture, Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a]));
    const blender = join(lite.folder, 'blender.sh');
    const gate = join(lite.folder, 'gate');
    const lines = [
      'Fra:1 Mem:18M | Time:00:00.84 | Sample 8/8',
      'Time: 00:00.86 (Saving: 00:00.01)',
      '00:02.864  render           | Time: 00:01.21 (Saving: 00:00.00)',
      ' Time: 00:00.86 (Saving: 00:00.01)',
      'skipping existing frame "0004.png"',
      `Saved: '${picture}'`,
    ];
    writeFileSync(
      blender,
      `#!/bin/sh\necho "arguments: $*"\ncat <<'END'\n${lines.join('\n')}\nEND\nwhile [ ! -e ${gate} ]; do sleep 0.02; done\n`,
    );
    chmodSync(blender, 0o755);
    const parameters = {
      exe: blender,
      exeArgs: "-b '-y'",
      argsBefore: ['--before'],
      blendfile: '/a b.blend',
      args: ['-f', '1'],
    };
    const jobId = await submitCommands(lite, { name: 'blender-render', parameters, steps: 5 });
    await until(async () => (await lite.call('GET', `jobs/${jobId}/last-rendered`)).status === 200);
    // A line of Blender 3.4 with a space before it counts in Flamenco's worker neither.
    await until(async () => (await theTask(lite, jobId)).steps_completed === 3);
    writeFileSync(gate, '');
    const task = await taskWith(lite, jobId, 'completed');
    assert.equal(task.steps_completed, 5);
    const log = await logOf(lite, task.id);
    assert.match(log, /> arguments: -b -y --before \/a b\.blend -f 1\n/);
    assert.match(log, /going to run:\n\n {4}.*blender\.sh -b -y --before '\/a b\.blend' -f 1\n/);
  });

  test('makes, moves and copies files, and never over another one', async (t) => {
    const { lite } = await start(t);
    const at = (name: string) => join(lite.folder, name);
    mkdirSync(at('frames'));
    writeFileSync(at('frames/one'), 'one');
    mkdirSync(at('final'));
    const jobId = await submitCommands(
      lite,
      { name: 'make-directory', parameters: { path: at('a/b') } },
      { name: 'move-directory', parameters: { src: at('frames'), dest: at('final') } },
      { name: 'copy-file', parameters: { src: at('final/one'), dest: at('a/b/c/one') } },
      { name: 'copy-file', parameters: { src: at('final/one'), dest: at('a/b/c/one') } },
    );
    await jobWith(lite, jobId, 'failed');
    assert.equal(readFileSync(at('a/b/c/one'), 'utf8'), 'one');
    const task = (await lite.call('GET', `tasks/${(await theTask(lite, jobId)).id}`)).body;
    assert.match(task.activity, /path already exists/);
  });
});
