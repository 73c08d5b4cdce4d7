import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { isFinal, type RunRecord } from '../../services/control/core/run.ts';
import { type Alone, eachAtOnce, renderByHand } from './blender-alone.ts';
import { DISASTERS, type Disaster, type Surroundings, type When } from './disasters.ts';
import { chosenRows, makeProjects, noBlender } from './projects.ts';
import { type Rendered, renderAll } from './service.ts';
import { showTable } from './table.ts';

/** Bytes of memory that a Blender of the row about memory may have, in KiB as `ulimit` counts. */
const SMALL_MEMORY_KIB = 4_000_000;
const SMALL_DISK = '1m';
const TIMEOUT_MS = 30 * 60_000;
/** Longer messages are cut in the table. */
const LONGEST = 160;

type Group = Surroundings | 'before';

const ROWS = chosenRows(DISASTERS);
/** The copy of the table has all rows. */
const notAll = ROWS.length < DISASTERS.length ? 'only some rows were asked for' : false;

const groupOf = (row: Disaster): Group =>
  row.surroundings ?? (row.tablao.when === 'before' ? 'before' : 'plain');
const shotOf = (row: Disaster) => `${row.name}/${(row.blend ?? 'shot.blend').replace(/\.blend$/, '')}`;

describe('disasters', { skip: noBlender() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-disasters-'));
  const projects = join(folder, 'projects');
  const mounted: string[] = [];
  const alone = new Map<string, Alone>();
  const rendered = new Map<Group, Rendered>();
  const groups = [...new Set(ROWS.map(groupOf))];
  let what: Readonly<Record<string, string>> = {};
  let isDiskSmall = true;

  before(async () => {
    what = makeProjects('make_disasters.py', projects);
    for (const group of groups) mkdirSync(join(folder, group), { recursive: true });
    isDiskSmall = mountSmallDisk(join(folder, 'smallDisk'), mounted);
    await eachAtOnce(ROWS, async (row) => {
      alone.set(row.name, await byHand(row));
    });
    for (const group of groups) {
      const startedAt = Date.now();
      rendered.set(group, await renderGroup(group));
      process.stderr.write(`${group}: ${Math.round((Date.now() - startedAt) / 1000)} s\n`);
    }
  });

  // Also when the tests are broken off.
  process.on('exit', () => {
    for (const place of mounted) run('umount', [place]);
    rmSync(folder, { recursive: true, force: true });
  });

  /** The project alone, in a folder of its own, with the same things in the way. */
  async function byHand(row: Disaster): Promise<Alone> {
    const project = join(folder, groupOf(row), 'hand', row.name);
    cpSync(join(projects, row.name), project, { recursive: true });
    putInTheWay(row, join(project, 'out'));
    return renderByHand({
      blender: row.surroundings === 'smallMemory' ? smallMemoryBlender(folder) : 'blender',
      folder: project,
      blend: row.blend ?? 'shot.blend',
      before: row.alone.before ?? [],
      after: row.alone.after ?? ['-a'],
    });
  }

  function renderGroup(group: Group): Promise<Rendered> {
    const bucket = join(folder, group, 'bucket');
    const rows = ROWS.filter((row) => groupOf(row) === group);
    for (const row of rows) {
      const scene = join(bucket, 'scenes', row.name);
      cpSync(join(projects, row.name), scene, { recursive: true });
      const settings = { video: false, ...row.settings };
      writeFileSync(join(bucket, 'scenes', `${shotOf(row)}.render.json`), JSON.stringify(settings));
      putInTheWay(row, join(bucket, 'renders', shotOf(row), 'v001'));
    }
    const env = {
      ALLOW_SCENE_SCRIPTS: String(group === 'scripts'),
      ...(group === 'smallMemory' ? { BLENDER: smallMemoryBlender(folder) } : {}),
    };
    return renderAll({ bucket, shots: rows.map(shotOf), env, timeoutMs: TIMEOUT_MS });
  }

  for (const row of ROWS) {
    test(`${row.name}: ${row.tablao.when}`, (t) => {
      if (groupOf(row) === 'smallDisk' && !isDiskSmall) {
        t.skip('needs the right to mount a small disk');
        return;
      }
      const hand = alone.get(row.name);
      assert.ok(hand !== undefined);
      assert.deepEqual(
        { exit: hand.exit, files: hand.files },
        { exit: row.alone.exit, files: row.alone.files },
        hand.log,
      );
      if (row.alone.says !== null) assert.match(hand.log, row.alone.says);
      const run = rendered.get(groupOf(row))?.runs.get(shotOf(row));
      assert.ok(run !== undefined, `no run of ${shotOf(row)}: ${rendered.get(groupOf(row))?.log}`);
      const said = `${run.state} ${run.reason?.code}: ${run.reason?.message} ${run.reason?.action}`;
      assert.notEqual(run.state, 'completed', said);
      assert.deepEqual(
        { when: whenOf(run, join(folder, groupOf(row), 'bucket')), state: run.state, code: run.reason?.code },
        { when: row.tablao.when, state: row.tablao.state, code: row.tablao.code },
        said,
      );
      for (const name of row.tablao.names) assert.match(run.reason?.message ?? '', name);
      assert.ok(run.reason?.action, 'it says what to do');
    });
  }

  test('no farm was raised for what is seen before', () => {
    assert.ok(rendered.get('before')?.hadFarm !== true);
  });

  test('the table', { skip: notAll }, () => {
    showTable({
      name: 'disasters',
      head: ['disaster', 'what it is', 'Blender alone', 'Tablao: when', 'and what'],
      rows: ROWS.map((row) => cellsOf(row)),
      verdict: ([name, , , when, said = '']) => `${name}: ${when}: ${said.split(':')[0]}`,
    });
  });

  function cellsOf(row: Disaster): readonly string[] {
    const hand = alone.get(row.name);
    const said = row.alone.says?.exec(hand?.log ?? '')?.[0];
    const ended = hand?.exit === null ? 'never ends' : `exit ${hand?.exit}`;
    const pictures = hand?.files === 1 ? '1 picture' : `${hand?.files} pictures`;
    const words = said === undefined ? 'not a word' : `“${tidy(said, folder)}”`;
    const run = rendered.get(groupOf(row))?.runs.get(shotOf(row));
    const message = tidy(run?.reason?.message ?? '', folder);
    const { when, state, code } = row.tablao;
    return [
      row.name,
      what[row.name] ?? '',
      `${ended}, ${pictures}, ${words}`,
      when,
      `${state} \`${code}\`: ${message.length > LONGEST ? `${message.slice(0, LONGEST)}…` : message}`,
    ];
  }
});

/** Without what is another one each time: folders, process ids, moments. */
function tidy(text: string, folder: string): string {
  return text
    .replaceAll(new RegExp(`${folder}/\\w+/(?:bucket/(?:scenes|renders)|hand)`, 'g'), '…')
    .replaceAll(/\bpid=\d+ > |\d{4}-\d\d-\d\dT\S+ /g, '');
}

/** A run that was never handed over was stopped before; one with a record of its frames, at the frame or after it. */
function whenOf(run: RunRecord, bucket: string): When | 'never' {
  if (run.round === 0) return 'before';
  if (!isFinal(run.state)) return 'never';
  if (run.state === 'rejected') return 'check';
  const bad = run.troubles.map(({ frame }) => String(frame).padStart(4, '0'));
  const records = bad.map((frame) =>
    readRecord(join(bucket, 'renders', run.shot, 'v001/records', `${frame}.json`)),
  );
  return records.length > 0 && records.every((record) => record?.state === 'done') ? 'proof' : 'frame';
}

function readRecord(path: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null; // The frame was never begun, or nothing could be written.
  }
}

function putInTheWay(row: Disaster, output: string): void {
  for (const { path, as } of row.inTheWay ?? []) {
    const place = join(output, path);
    mkdirSync(dirname(place), { recursive: true });
    if (as === 'file') writeFileSync(place, 'in the way');
    else mkdirSync(join(place, 'in-the-way'), { recursive: true });
  }
}

/** A Blender that the system refuses memory, as a pod with a limit does. */
function smallMemoryBlender(folder: string): string {
  const path = join(folder, 'small-blender.sh');
  writeFileSync(path, `#!/bin/sh\nulimit -v ${SMALL_MEMORY_KIB}\nexec blender "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Two small disks: one for the frames of Blender alone, one for ours. */
function mountSmallDisk(folder: string, mounted: string[]): boolean {
  for (const place of ['hand/disk-full/out', 'bucket/renders']) {
    const path = join(folder, place);
    mkdirSync(path, { recursive: true });
    try {
      run('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK}`, 'tmpfs', path]);
    } catch {
      return false;
    }
    mounted.push(path);
  }
  return true;
}

/** A program of the system that only some may run: throws when it does not work. */
function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'pipe' });
}
