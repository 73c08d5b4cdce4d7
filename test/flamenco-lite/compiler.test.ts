import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createJobCompiler } from '../../services/flamenco-lite/compiler/compile.ts';
import { frameChunker, frameCount } from '../../services/flamenco-lite/compiler/frames.ts';
import { scriptPath } from '../../services/flamenco-lite/compiler/paths.ts';
import { shellSplit } from '../../services/flamenco-lite/shell-split.ts';

const now = Date.parse('2026-11-24T09:30:15Z');

function compilerFor(t: TestContext, scripts: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'job-scripts-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, source] of Object.entries(scripts)) writeFileSync(join(folder, name), source);
  const said: string[] = [];
  const compiler = createJobCompiler({ folders: [folder], now: () => now, say: (line) => said.push(line) });
  const compile = (
    type: string,
    settings: Readonly<Record<string, unknown>>,
    typeEtag: string | null = null,
  ) =>
    compiler.compile({
      ...{ name: 'a job', type, priority: 50, settings, metadata: {}, typeEtag },
      ...{ workerTagId: null, shamanCheckoutId: null },
    });
  const compiled = (type: string, settings: Readonly<Record<string, unknown>>) => {
    const result = compile(type, settings);
    assert.ok(result.kind === 'compiled', JSON.stringify(result));
    return result.job;
  };
  return { folder, said, compiler, compile, compiled };
}

const render = {
  frames: '1-10',
  chunk_size: 4,
  render_output_path: '/out/{timestamp}/######',
  blendfile: '/in/shot.flamenco.blend',
  format: 'PNG',
  image_file_extension: '.png',
  fps: 24,
  scene: 'Scene',
};

describe('simple-blender-render', () => {
  test('cuts the frames into tasks with one step each frame', (t) => {
    const { tasks } = compilerFor(t).compiled('simple-blender-render', render);
    assert.deepEqual(
      tasks.map(({ name, type }) => [name, type]),
      [
        ['render-1-4', 'blender'],
        ['render-5-8', 'blender'],
        ['render-9,10', 'blender'],
        ['preview-video', 'ffmpeg'],
      ],
    );
    assert.deepEqual(
      tasks.map(({ commands }) => commands[0]?.totalStepCount),
      [4, 4, 2, 0],
    );
  });

  test('gives Blender its arguments in the order that it needs', (t) => {
    const { tasks, settings } = compilerFor(t).compiled('simple-blender-render', render);
    const parameters = tasks[0]?.commands[0]?.parameters;
    assert.equal(parameters?.exe, '{blender}');
    assert.equal(parameters?.exeArgs, '{blenderArgs}');
    assert.equal(parameters?.blendfile, '/in/shot.flamenco.blend');
    const args = parameters?.args;
    assert.ok(Array.isArray(args));
    assert.deepEqual(args.slice(0, 3), ['--scene', 'Scene', '--python-expr']);
    assert.deepEqual(args.slice(4), [
      ...['--render-output', settings.render_output_path],
      ...['--render-format', 'PNG', '--render-frame', '1..4'],
    ]);
  });

  test('makes the video of all frames after all of them', (t) => {
    const { tasks } = compilerFor(t).compiled('simple-blender-render', { ...render, frames: '1,5,10-12' });
    const video = tasks.at(-1);
    assert.deepEqual(
      video?.dependencies,
      tasks.slice(0, -1).map(({ id }) => id),
    );
    assert.match(String(video?.commands[0]?.parameters.outputFile), /^\/out\/[\d_-]+\/shot-1-12\.mp4$/);
    assert.match(String(video?.commands[0]?.parameters.inputGlob), /\/\*\.png$/);
  });

  test('keeps the path with the time of the submission in the settings', (t) => {
    const { settings } = compilerFor(t).compiled('simple-blender-render', render);
    assert.match(String(settings.render_output_path), /^\/out\/2026-11-2[345]_\d{6}\/######$/);
  });

  const videoless: readonly (readonly [string, object])[] = [
    ['no frame rate is known', { fps: 0 }],
    ['the frames are EXR without previews', { format: 'OPEN_EXR' }],
  ];
  for (const [when, settings] of videoless) {
    test(`makes no video when ${when}`, (t) => {
      const { tasks } = compilerFor(t).compiled('simple-blender-render', { ...render, ...settings });
      assert.ok(tasks.every(({ type }) => type === 'blender'));
    });
  }

  test('makes the video of the previews when there are some', (t) => {
    const settings = { ...render, format: 'OPEN_EXR', has_previews: true };
    const { tasks } = compilerFor(t).compiled('simple-blender-render', settings);
    assert.match(String(tasks.at(-1)?.commands[0]?.parameters.inputGlob), /\/\*\.jpg$/);
  });

  const rejected: readonly (readonly [string, object, RegExp])[] = [
    ['a video format', { format: 'FFMPEG' }, /"FFMPEG"/],
    ['no output path', { render_output_path: undefined }, /^no render_output_path setting!/],
    ['no chunk size', { chunk_size: undefined }, /invalid chunk size, must be positive number: 0/],
    ['frames that are none', { frames: 'all' }, /invalid range "all"/],
    ['negative frames', { frames: '-3' }, /invalid range/],
    ['frames in reverse', { frames: '5-1' }, /empty range/],
  ];
  for (const [what, settings, words] of rejected) {
    test(`is rejected in words for ${what}`, (t) => {
      const result = compilerFor(t).compile('simple-blender-render', { ...render, ...settings });
      assert.ok(result.kind === 'rejected');
      assert.match(result.message, words);
    });
  }
});

describe('a job script', () => {
  const minimal = "const JOB_TYPE = { label: 'Mine', settings: [] }; function compileJob(job) {}";

  test('gives its type a name with dashes, and comes before a built-in one', (t) => {
    const { compiler } = compilerFor(t, { 'my_own_type.js': minimal, 'echo_sleep_test.js': minimal });
    assert.deepEqual(
      compiler.types().map(({ name, label }) => [name, label]),
      [
        ['echo-sleep-test', 'Mine'],
        ['my-own-type', 'Mine'],
        ['simple-blender-render', 'Simple Blender Render'],
      ],
    );
    assert.equal(compiler.type('nope'), null);
  });

  test('is read again at each use', (t) => {
    const { folder, compiler } = compilerFor(t, { 'mine.js': minimal });
    const before = compiler.type('mine')?.etag;
    writeFileSync(join(folder, 'mine.js'), minimal.replace('Mine', 'Yours'));
    assert.equal(compiler.type('mine')?.label, 'Yours');
    assert.notEqual(compiler.type('mine')?.etag, before);
  });

  test('is skipped when it is a symlink, tiny, or no JavaScript; the others stay', (t) => {
    const { folder, compiler, said } = compilerFor(t, { 'tiny.js': '1', 'broken.js': 'function {{{{{{{{' });
    mkdirSync(join(folder, '..data'));
    writeFileSync(join(folder, '..data', 'mounted.js'), minimal);
    symlinkSync(join(folder, '..data', 'mounted.js'), join(folder, 'mounted.js'));
    assert.deepEqual(
      compiler.types().map(({ name }) => name),
      ['echo-sleep-test', 'simple-blender-render'],
    );
    assert.match(said.join('\n'), /broken/);
  });

  test('refuses a submission that was made for an older state of it', (t) => {
    const { compiler, compile } = compilerFor(t, { 'mine.js': minimal });
    assert.equal(compile('mine', {}, compiler.type('mine')?.etag).kind, 'compiled');
    assert.deepEqual(compile('mine', {}, 'old'), { kind: 'staleEtag' });
  });

  test('may throw a text, an error, or never end', (t) => {
    const throwing = (what: string) => minimal.replace('(job) {}', `(job) { ${what} }`);
    const { compile } = compilerFor(t, {
      'text.js': throwing("throw 'because of ' + job.settings.why"),
      'error.js': throwing("throw new Error('bad')"),
      'absent.js': "const JOB_TYPE = { label: 'Mine', settings: [] };",
    });
    assert.deepEqual(compile('text', { why: 'me' }), { kind: 'rejected', message: 'because of me' });
    assert.deepEqual(compile('error', {}), { kind: 'rejected', message: 'Error: bad' });
    assert.match(JSON.stringify(compile('absent', {})), /does not define a compileJob/);
    assert.deepEqual(compile('nope', {}), { kind: 'rejected', message: 'job type unknown' });
  });

  test("has Flamenco's functions, and neither Node's nor another script's things", (t) => {
    const { compiled, said } = compilerFor(t, {
      'mine.js': `const JOB_TYPE = { label: 'Mine', settings: [] };
        function compileJob(job) {
          globalThis.left = typeof left;
          print('hello', { a: 1 }, typeof require, typeof process.env, globalThis.left);
          job.settings.made = [path.join('/a', 'b'), frameCount('1-3'), shellSplit('x "y z"').length, process.platform];
          const task = author.Task(' spaced ', 'misc');
          task.priority = 70;
          job.addTask(task);
          task.addCommand(author.Command('late', {}));
        }`,
    });
    compiled('mine', {});
    const job = compiled('mine', {});
    assert.deepEqual(job.settings.made, ['/a/b', 3, 2, process.platform]);
    assert.equal(said.at(-1), 'hello {"a":1} undefined undefined undefined');
    // What is added after addTask is not seen, as in Flamenco.
    assert.deepEqual(
      job.tasks.map(({ name, priority, commands }) => ({ name, priority, commands })),
      [{ name: 'spaced', priority: 70, commands: [] }],
    );
  });
});

describe('frameChunker and frameCount', () => {
  const cases: readonly (readonly [string, number, readonly string[]])[] = [
    ['1-10', 3, ['1-3', '4-6', '7-9', '10']],
    ['1..4', 2, ['1,2', '3,4']],
    ['10, 1, 5-7', 10, ['1,5-7,10']],
    ['3,3,2-3', 1, ['2', '3']],
    [' 7 ', 5, ['7']],
  ];
  for (const [range, size, chunks] of cases) {
    test(`cut "${range}" into chunks of ${size}`, () => {
      assert.deepEqual(frameChunker(range, size), chunks);
    });
  }

  test('count each frame once', () => {
    assert.equal(frameCount('1-10,5,20..21'), 12);
  });
});

describe('path functions of scripts', () => {
  test('understand both slashes and keep what Go keeps', () => {
    assert.equal(scriptPath.basename('C:\\shots\\one.blend'), 'one.blend');
    assert.equal(scriptPath.basename('/'), '/');
    assert.equal(scriptPath.basename(''), '.');
    assert.equal(scriptPath.dirname('//nas/share/one.blend'), '//nas/share');
    assert.equal(scriptPath.dirname('/one'), '/');
    assert.equal(scriptPath.dirname('one'), '.');
    assert.equal(scriptPath.join('a', '', '../b', 'c/'), 'b/c');
    assert.equal(scriptPath.join(), '');
    assert.equal(scriptPath.stem('/x/shot.v1.blend'), 'shot.v1');
  });
});

describe('shellSplit', () => {
  test('knows quotes, backslashes and comments', () => {
    assert.deepEqual(shellSplit(`-b  -y 'a "b"' "c \\" d" e\\ f '' # no more\ng`), [
      ...['-b', '-y', 'a "b"', 'c " d', 'e f', '', 'g'],
    ]);
    assert.throws(() => shellSplit("'open"), /closing quote/);
    assert.throws(() => shellSplit('end\\'), /escape/);
  });
});
