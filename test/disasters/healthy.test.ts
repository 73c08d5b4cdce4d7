import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Alone, eachAtOnce, renderByHand } from './blender-alone.ts';
import { HEALTHY, type Healthy } from './healthy.ts';
import { assertDelivered, assertSame, filesBelow } from './pictures.ts';
import { chosenRows, makeProjects, noBlender } from './projects.ts';
import { type Rendered, renderAll } from './service.ts';
import { showTable } from './table.ts';

const TIMEOUT_MS = 30 * 60_000;

const ROWS = chosenRows(HEALTHY);

describe('healthy shots', { skip: noBlender() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-healthy-'));
  const projects = join(folder, 'projects');
  const hands = join(folder, 'hand');
  const bucket = join(folder, 'bucket');
  const alone = new Map<string, Alone>();
  let rendered: Rendered;
  let what: Readonly<Record<string, string>> = {};

  before(async () => {
    what = makeProjects('make_healthy.py', projects);
    for (const row of ROWS) {
      cpSync(join(projects, row.name), join(hands, row.name), { recursive: true });
      upload(row);
    }
    await eachAtOnce(ROWS, async (row) => {
      const { before = [], after = ['-a'] } = row;
      const project = join(hands, row.name);
      alone.set(
        row.name,
        await renderByHand({ blender: 'blender', folder: project, blend: 'shot.blend', before, after }),
      );
    });
    const shots = ROWS.map((row) => `${row.name}/shot`);
    rendered = await renderAll({ bucket, shots, env: {}, timeoutMs: TIMEOUT_MS });
  });

  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

  function upload(row: Healthy): void {
    cpSync(join(projects, row.name), join(bucket, 'scenes', row.name), { recursive: true });
    // A video takes as long as the frames; one shot makes one.
    const settings = { video: false, ...row.settings };
    writeFileSync(join(bucket, 'scenes', row.name, 'shot.render.json'), JSON.stringify(settings));
    if (row.junk === undefined) return;
    mkdirSync(versionOf(row), { recursive: true });
    for (const name of row.junk) writeFileSync(join(versionOf(row), name), 'junk');
  }

  const versionOf = (row: Healthy) => join(bucket, 'renders', row.name, 'shot/v001');

  for (const row of ROWS) {
    test(`${row.name}: the same files as by hand`, () => {
      const run = rendered.runs.get(`${row.name}/shot`);
      assert.equal(run?.state, 'completed', `${run?.reason?.code}: ${run?.reason?.message}`);
      const hand = join(hands, row.name, 'out');
      assert.ok(existsSync(hand), alone.get(row.name)?.log);
      assertDelivered(hand, versionOf(row), row.rename ?? ((name) => name));
      const { outputs } = row;
      if (outputs === undefined) return;
      const others = join(hands, row.name, outputs.hand);
      assert.deepEqual(filesBelow(join(versionOf(row), outputs.tablao)), filesBelow(others));
      for (const name of filesBelow(others))
        assertSame(join(others, name), join(versionOf(row), outputs.tablao, name));
    });
  }

  test('the sequence has its video', { skip: !ROWS.some(({ name }) => name === 'sequence') }, () => {
    assert.ok(existsSync(join(bucket, 'renders/sequence/shot/v001/preview.mp4')));
  });

  test('the table', { skip: ROWS.length < HEALTHY.length }, () => {
    showTable({
      name: 'healthy',
      head: ['shot', 'what it is', 'the same files as by hand'],
      rows: ROWS.map((row) => [row.name, what[row.name] ?? '', comparedOf(row).join(', ')]),
      verdict: (cells) => cells.join(': '),
    });
  });

  function comparedOf(row: Healthy): readonly string[] {
    const own = filesBelow(join(hands, row.name, 'out')).map(row.rename ?? ((name) => name));
    const { outputs } = row;
    if (outputs === undefined) return own;
    return [
      ...own,
      ...filesBelow(join(hands, row.name, outputs.hand)).map((name) => `${outputs.tablao}/${name}`),
    ];
  }
});
