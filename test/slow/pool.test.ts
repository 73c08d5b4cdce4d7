import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makeFlatShots, slowly } from '../e2e/flat-shots.ts';
import {
  cannotSeeProcesses,
  farmProcesses,
  framesOf,
  type Service,
  startService,
  until,
  untilAtRest,
  untilRun,
} from '../e2e/service.ts';

const MOST = 3;
const FRAMES = 12;

describe('a pool of several workers', { skip: cannotSeeProcesses }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-pool-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const shot = join(folder, 'shot.blend');
  // They wait more than they work: three fit on two cores.
  makeFlatShots([{ file: shot, frames: FRAMES, script: slowly(2) }]);

  test('grows with the queue to its limit, lets go of whom it needs no more, and kills nobody', async (t) => {
    const bucket = join(folder, 'bucket');
    mkdirSync(join(bucket, 'scenes'), { recursive: true });
    const bring = (name: string) => {
      copyFileSync(shot, join(bucket, `scenes/${name}.blend`));
      writeFileSync(join(bucket, `scenes/${name}.render.json`), '{"chunkSize": 1, "video": false}');
    };
    bring('first');
    const service = await startService(t, {
      bucket,
      args: ['--max-workers', String(MOST), '--idle-seconds', '6'],
      env: { ALLOW_SCENE_SCRIPTS: 'true' },
    });
    const watch = watchPool(service, bucket);
    await until('frames of the first', async () => framesOf(bucket, 'first/v001').length >= 3);
    bring('second');
    await untilRun(service, 'first', ['completed'], 240);
    await untilRun(service, 'second', ['completed'], 240);
    await untilAtRest(service);
    const { sizes, lastAnswer, busyAtOnce } = await watch.end();

    const peak = sizes.indexOf(MOST);
    assert.equal(Math.max(...sizes), MOST, `${sizes}`);
    assert.equal(sizes[0], 1, 'one worker is enough for the check');
    assert.ok(peak > 0 && sizes.slice(peak).includes(1), `it drains: ${sizes}`);
    assert.equal(busyAtOnce, MOST);
    assert.deepEqual(lastAnswer, [], 'the manager knows of no worker when it goes');
    assert.deepEqual(farmProcesses(bucket), []);
    for (const name of ['first', 'second']) assert.equal(framesOf(bucket, `${name}/v001`).length, FRAMES);

    const logs = readdirSync(join(bucket, '.tablao/logs')).map((name) =>
      readFileSync(join(bucket, '.tablao/logs', name), 'utf8'),
    );
    assert.ok(logs.length >= MOST, `${logs.length} workers`);
    for (const log of logs) {
      // What its exit code 0 stands for: asked to go offline, after its last task, and signed off.
      assert.match(log, /\nended: offline\n$/);
      assert.doesNotMatch(log, /stopped/);
      assert.equal(log.match(/^task .* ended$/gm)?.length ?? 0, log.match(/^task .*\)$/gm)?.length ?? 0);
    }
    assert.equal(await service.stop(), 0);
  });
});

/** Looks at the pool until it is told to end: how many workers live, how many are busy, what the manager said last. */
function watchPool(service: Service, bucket: string) {
  const sizes: number[] = [];
  let busyAtOnce = 0;
  let lastAnswer: unknown = null;
  let isOver = false;
  async function look(): Promise<void> {
    const living = livingWorkers(join(bucket, '.tablao/farm/workers'));
    if (living.length > 0 && sizes.at(-1) !== living.length) sizes.push(living.length);
    const [pool] = (await service.status()).pools ?? [];
    busyAtOnce = Math.max(busyAtOnce, pool?.busy ?? 0);
    const answer = await fetch(`${service.url}/api/v3/worker-mgt/workers`).catch(() => null);
    if (answer?.ok === true) lastAnswer = ((await answer.json()) as { workers: unknown }).workers;
  }
  const looking = (async () => {
    while (!isOver) {
      await look();
      await delay(150);
    }
  })();
  return {
    end: async () => {
      isOver = true;
      await looking;
      return { sizes, busyAtOnce, lastAnswer };
    },
  };
}

/** By the records of their processes: a worker that starts a program looks like two of them for a moment. */
function livingWorkers(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => {
    const has = (file: string) => existsSync(join(folder, name, file));
    return has('process.json') && !has('exit.json');
  });
}
