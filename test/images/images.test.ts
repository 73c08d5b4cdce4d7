import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CLOUD_ENV } from '../cloud-env.ts';
import { installTools } from '../tools/tools.ts';
import { makeBases } from './bases.ts';
import { exitOf, type Farm, freePort, imageSize, makeFarm, processesOf } from './containers.ts';
import { type Engine, engineAbsent, startEngine } from './engine.ts';
import { BLENDERS, EXTRA_PACKAGES, makeStandIns } from './stand-ins.ts';

/** Kept between runs: base images and layers. */
const FOLDER = join(tmpdir(), 'tablao-images');
const IMAGES = { control: 'tablao/control', manager: 'tablao/manager', worker: 'tablao/worker' } as const;
const SAMPLE = join(import.meta.dirname, '../../services/flamenco-lite/sample/tablao.blend');
/** Containers have these names, and so do workers. */
const NAMES = ['manager', 'w-1', 'w-2', 'w-3', 'control'];

describe('the images', { skip: engineAbsent }, () => {
  let engine: Engine;
  let farm: Farm;

  before(async () => {
    engine = await startEngine(join(FOLDER, 'engine'));
    makeBases(engine, FOLDER);
    const tools = installTools();
    const standIns = await makeStandIns(join(FOLDER, 'stand-ins'), tools);
    try {
      for (const image of Object.keys(IMAGES) as (keyof typeof IMAGES)[]) await build(image, standIns);
    } finally {
      standIns.close();
    }
    farm = await makeFarm(engine, tools, IMAGES);
    copyFileSync(SAMPLE, join(farm.folder, 'scenes/tablao.blend'));
    chmodSync(join(farm.folder, 'scenes/tablao.blend'), 0o644);
    farm.startManager();
    await until(() => farm.call('GET', 'version').catch(() => null));
  });

  after(async () => {
    if (engine === undefined) return;
    for (const name of NAMES) engine.tryDocker('rm', '--force', name);
    await engine.stop();
    if (farm !== undefined) rmSync(farm.folder, { recursive: true, force: true });
  });

  async function build(
    image: keyof typeof IMAGES,
    { context, baseUrl }: { readonly context: string; readonly baseUrl: string },
  ): Promise<void> {
    const values = {
      BLENDER_BASE_URL: baseUrl,
      FLAMENCO_BASE_URL: baseUrl,
      HELM_BASE_URL: baseUrl,
      BLENDER_VERSIONS: BLENDERS.join(' '),
      EXTRA_PACKAGES,
    };
    const file = join(context, 'docker', image, 'Dockerfile');
    const declared = readFileSync(file, 'utf8');
    const args = Object.entries(values)
      .filter(([name]) => declared.includes(`ARG ${name}=`))
      .flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
    await engine.build('--network=host', '--file', file, '--tag', IMAGES[image], ...args, context);
  }

  it('run as nobody in particular and hold no more than they need', (t) => {
    for (const image of Object.values(IMAGES)) {
      assert.equal(engine.docker('image', 'inspect', '--format', '{{.Config.User}}', image), '1000:1000');
      t.diagnostic(`${image}: ${imageSize(engine, image)}`);
    }
    for (const [image, absent] of [
      [IMAGES.manager, '/opt/flamenco/flamenco-worker'],
      [IMAGES.worker, '/opt/flamenco/flamenco-manager'],
      [IMAGES.control, '/usr/bin/curl'],
    ] as const) {
      const args = ['run', '--rm', '--network=host', '--entrypoint=/bin/ls', image, absent];
      assert.match(engine.tryDocker(...args).out, /No such file/, `${absent} in ${image}`);
    }
  });

  describe('manager', () => {
    it('is ready without asking anybody, and knows our job type', async () => {
      assert.equal((await farm.call('GET', 'configuration')).isFirstRun, false);
      const { job_types: types } = await farm.call('GET', 'jobs/types');
      assert.ok(types.some(({ name }: { name: string }) => name === 'tablao-render'));
    });
  });

  describe('worker', () => {
    it('signs on with its tag, as the user 1000, with nothing between it and the signals', async () => {
      farm.startWorker('w-1');
      const worker = await awake('w-1');
      assert.deepEqual(worker.tags, [{ id: farm.tag, name: 'cpu' }]);
      const processes = processesOf(engine, 'w-1');
      assert.deepEqual(
        processes.map(({ uid }) => uid),
        ['1000'],
      );
      assert.match(processes[0]?.command ?? '', /flamenco-(worker|lite).* -manager/);
      assert.equal(alive('w-1').code, 0);
    });

    it('writes where it may and nowhere else', () => {
      for (const path of ['/opt/x', '/tablao/scenes/x'])
        assert.match(engine.tryDocker('exec', 'w-1', 'touch', path).out, /Read-only file system/);
      assert.equal(engine.tryDocker('exec', 'w-1', 'touch', '/tablao/renders/x', '/tmp/x').code, 0);
    });

    for (const version of BLENDERS) {
      it(`renders with the Blender that is baked in as ${version}: frames, records and a video`, async () => {
        const job = await submit(`take-${version}`, {
          blender: `blender-${version}`,
          check: true,
          video: true,
        });
        assert.equal(await jobEnd(job), 'completed');
        const folder = join(farm.folder, 'renders', `take-${version}`);
        const made = readdirSync(folder);
        for (const name of ['tablao_0001.png', 'tablao_0002.png', 'preview.mp4'])
          assert.ok(made.includes(name), `${name} among ${made.join(', ')}`);
        const record = JSON.parse(readFileSync(join(folder, 'records/0001.json'), 'utf8'));
        assert.equal(record.state, 'done');
        assert.equal(record.worker, 'w-1');
      });
    }

    it('signs off when it is stopped, and its task is free again at once', async () => {
      const { id } = await awake('w-1');
      const job = await submit('stopped', { chunks: '1-24', samples: 4096 });
      await until(() => existsSync(join(farm.folder, 'renders/stopped/records/0001.json')));
      const probed = alive('w-1');
      assert.equal(probed.code, 0, probed.out);
      const began = Date.now();
      engine.docker('stop', '--time', '30', 'w-1');
      assert.ok(Date.now() - began < 20_000, 'it had to be killed');
      assert.deepEqual(exitOf(engine, 'w-1'), { code: 1, outOfMemory: false });
      assert.equal((await farm.call('GET', `worker-mgt/workers/${id}`)).status, 'offline');
      const { tasks } = await farm.call('GET', `jobs/${job}/tasks`);
      assert.equal(tasks[0].status, 'queued');
      await farm.call('POST', `jobs/${job}/setstatus`, { status: 'cancel-requested', reason: 'test' });
    });

    it('survives a frame that needs more memory than there is, and says how Blender ended', async () => {
      farm.startWorker('w-2', ['--memory=250m', '--memory-swap=250m']);
      await awake('w-2');
      const job = await submit('too-big', { chunks: '1', resolutionPercent: 1200 });
      const task = await until(async () => {
        const { tasks } = await farm.call('GET', `jobs/${job}/tasks`);
        return tasks[0].status === 'completed' && tasks[0];
      });
      assert.match(await farm.call('GET', `tasks/${task.id}/logtail`), /exit code 137 \(SIGKILL\)/);
      assert.equal(existsSync(join(farm.folder, 'renders/too-big/tablao_0001.png')), false);
      engine.docker('stop', 'w-2');
      assert.equal(exitOf(engine, 'w-2').outOfMemory, true);
    });

    it('is ended by its liveness when the manager is gone, and not before', async () => {
      farm.startWorker('w-3', ['-e', 'MANAGER_UNREACHABLE_SECONDS=3']);
      await awake('w-3');
      assert.equal(alive('w-3').code, 0);
      engine.docker('stop', 'manager');
      assert.equal(exitOf(engine, 'manager').code, 0);
      assert.equal(alive('w-3').code, 0);
      const failed = await until(() => {
        const probed = alive('w-3');
        return probed.code !== 0 && probed;
      });
      assert.match(failed.out, /the manager has not answered for \d+ s/);
      // What the kubelet does then.
      engine.docker('stop', '--time', '30', 'w-3');
      assert.equal(exitOf(engine, 'w-3').code, 1);
    });
  });

  describe('control', () => {
    it('starts with a read-only root, answers, has Helm and the chart, and ends when it is told to', async () => {
      const port = await freePort();
      const confined = [
        '--read-only',
        '--cap-drop=ALL',
        '--security-opt=no-new-privileges',
        '--network=host',
      ];
      const memory = ['--tmpfs', '/tmp:rw,uid=1000,gid=1000'];
      const settings = Object.entries({ ...CLOUD_ENV, PORT: String(port) });
      const env = settings.flatMap(([name, value]) => ['-e', `${name}=${value}`]);
      engine.tryDocker('rm', '--force', 'control');
      engine.docker(
        ...['run', '--detach', '--name', 'control', ...confined, ...memory, ...env, IMAGES.control],
      );
      const health = await until(() => fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null)).catch(
        (error: unknown) => {
          throw new Error(`no answer:\n${engine.tryDocker('logs', 'control').out}`, { cause: error });
        },
      );
      assert.equal(health.status, 200);
      const lint = engine.docker('exec', 'control', 'helm', 'lint', '--strict', '/app/charts/flamenco');
      assert.match(lint, /1 chart\(s\) linted, 0 chart\(s\) failed/);
      engine.docker('stop', '--time', '30', 'control');
      assert.deepEqual(exitOf(engine, 'control'), { code: 0, outOfMemory: false });
    });
  });

  const alive = (name: string) => engine.tryDocker('exec', name, '/usr/local/bin/tablao-worker-alive');

  async function awake(name: string) {
    return until(async () => {
      const { workers } = await farm.call('GET', 'worker-mgt/workers');
      const found = workers.find((one: Worker) => one.name === name && one.status === 'awake');
      return found && farm.call('GET', `worker-mgt/workers/${found.id}`);
    }).catch((error: unknown) => {
      throw new Error(`${name} is not awake:\n${engine.tryDocker('logs', name).out}`, { cause: error });
    });
  }

  /** A job of two small frames of the sample scene, unless told otherwise; returns its id. */
  async function submit(name: string, options: Submission): Promise<string> {
    const {
      chunks = '1;2',
      samples = 1,
      resolutionPercent = 10,
      blender = `blender-${BLENDERS[0]}`,
      check = false,
      video = false,
    } = options;
    const plan = {
      schema: 1,
      run: name,
      name: 'tablao_####',
      format: 'PNG',
      extension: '.png',
      frames: chunks.replaceAll(';', ','),
      device: 'cpu',
      resolutionPercent,
      samples,
    };
    const { id } = await farm.call('POST', 'jobs', {
      name,
      type: 'tablao-render',
      priority: 50,
      submitter_platform: 'linux',
      worker_tag: farm.tag,
      settings: {
        blendfile: '/tablao/scenes/tablao.blend',
        render_dir: `/tablao/renders/${name}`,
        chunks,
        plan: Buffer.from(JSON.stringify(plan)).toString('base64url'),
        blender,
        scripts: false,
        check,
        video,
      },
    });
    return id;
  }

  async function jobEnd(id: string): Promise<string> {
    const job = await until(async () => {
      const seen = await farm.call('GET', `jobs/${id}`);
      return ['completed', 'failed', 'canceled'].includes(seen.status) && seen;
    });
    return job.status;
  }
});

interface Worker {
  readonly id: string;
  readonly name: string;
  readonly status: string;
}

interface Submission {
  readonly blender?: string;
  readonly chunks?: string;
  readonly samples?: number;
  readonly resolutionPercent?: number;
  readonly check?: boolean;
  readonly video?: boolean;
}

async function until<T>(look: () => T | Promise<T>): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const seen = await look();
    if (seen) return seen as NonNullable<Exclude<T, false>>;
    if (Date.now() > deadline) throw new Error('nothing happened within two minutes');
    await delay(300);
  }
}
