import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import vm from 'node:vm';
import { jobType } from './kit.ts';

type Command = { name: string; parameters: Record<string, unknown>; totalStepCount: number };
type Task = { name: string; type: string; priority: number; commands: Command[]; dependencies: Task[] };

// As Flamenco's author API is seen from a job type: the members that exist, and no others.
class AuthoredTask implements Task {
  name: string;
  type: string;
  priority = 50;
  commands: Command[] = [];
  dependencies: Task[] = [];

  constructor(name: string, type: string) {
    this.name = name;
    this.type = type;
  }

  addCommand(command: Command): void {
    this.commands.push(command);
  }

  addDependency(task: Task): void {
    this.dependencies.push(task);
  }
}

/** What the job type hands over was made in another realm, whose arrays are not ours; the manager reads plain values. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

const author = {
  // Called without `new`, as Flamenco's own job types do.
  Task: (name: string, type: string) => new AuthoredTask(name, type),
  Command: (name: string, parameters: Record<string, unknown>, totalStepCount = 0): Command => ({
    name,
    parameters: plain(parameters),
    totalStepCount,
  }),
};

function load(): { context: vm.Context; settings: { key: string; type: string }[] } {
  const context = vm.createContext({ author, print: () => undefined, alert: () => undefined });
  vm.runInContext(readFileSync(jobType, 'utf8'), context);
  return { context, settings: plain(vm.runInContext('JOB_TYPE', context).settings) };
}

function compile(overrides: Record<string, unknown> = {}): Task[] {
  const { context } = load();
  const tasks: Task[] = [];
  const settings = {
    blendfile: '/tablao/scenes/film/shot.blend',
    render_dir: '/tablao/renders/film/shot/v001',
    chunks: '1-4;9,11;5',
    plan: 'eyJzY2hlbWEiOjF9',
    blender: 'blender-3.4.1',
    scripts: false,
    check: true,
    video: true,
    ...overrides,
  };
  context.job = { name: 'shot', settings, metadata: {}, addTask: (task: Task) => tasks.push(task) };
  vm.runInContext('compileJob(job)', context);
  return tasks;
}

/** What the manager answers with: the text that the job type threw. */
function refusal(overrides: Record<string, unknown>): unknown {
  try {
    compile(overrides);
  } catch (thrown) {
    return thrown;
  }
  return 'nothing was thrown';
}

const byName = (tasks: Task[], name: string) => tasks.find((task) => task.name === name);

describe('the job type tablao-render', () => {
  it('makes a check, a task a chunk and a video, in that order', () => {
    assert.deepEqual(
      compile().map((task) => [task.name, task.type]),
      [
        ['check', 'blender'],
        ['render-1-4', 'blender'],
        ['render-9,11', 'blender'],
        ['render-5', 'blender'],
        ['preview-video', 'ffmpeg'],
      ],
    );
  });

  it('lets every frame wait for the check and the video for every frame', () => {
    const tasks = compile();
    const names = (task: Task | undefined) => task?.dependencies.map((other) => other.name);
    assert.deepEqual(names(byName(tasks, 'check')), []);
    assert.deepEqual(names(byName(tasks, 'render-5')), ['check']);
    assert.deepEqual(names(byName(tasks, 'preview-video')), ['render-1-4', 'render-9,11', 'render-5']);
    assert.ok((byName(tasks, 'check')?.priority ?? 0) > (byName(tasks, 'render-5')?.priority ?? 0));
  });

  it('leaves check and video out when they are not wanted', () => {
    const tasks = compile({ check: false, video: false });
    assert.deepEqual(
      tasks.map((task) => task.name),
      ['render-1-4', 'render-9,11', 'render-5'],
    );
    assert.deepEqual(tasks[0]?.dependencies, []);
  });

  it('counts a step a frame', () => {
    assert.deepEqual(
      compile().map((task) => task.commands.map((command) => command.totalStepCount)),
      [[1], [4], [2], [1], [1]],
    );
  });

  it('renders through the wrapper, the kit last on the command line', () => {
    const command = byName(compile(), 'render-9,11')?.commands[0];
    assert.equal(command?.name, 'blender-render');
    assert.deepEqual(command?.parameters, {
      exe: '{tablao-run}',
      exeArgs: '',
      argsBefore: [
        '{blender-3.4.1}',
        '--background',
        '-noaudio',
        '--disable-autoexec',
        '--python',
        '{tablao-kit}/open.py',
      ],
      blendfile: '/tablao/scenes/film/shot.blend',
      args: [
        '--python-exit-code',
        '1',
        '--python',
        '{tablao-kit}/render.py',
        '--',
        'eyJzY2hlbWEiOjF9',
        '/tablao/renders/film/shot/v001',
        '9,11',
      ],
    });
  });

  it('checks without the wrapper, so that the exit code counts', () => {
    const parameters = byName(compile(), 'check')?.commands[0]?.parameters;
    assert.equal(parameters?.exe, '{blender-3.4.1}');
    assert.ok(Array.isArray(parameters?.argsBefore));
    assert.ok(!parameters.argsBefore.includes('{tablao-run}'));
  });

  it("runs the file's own scripts only when they are allowed", () => {
    for (const task of compile({ scripts: true })) {
      assert.ok(JSON.stringify(task.commands[0]?.parameters).includes('"--enable-autoexec"'));
    }
  });

  it('declares every setting that it reads', () => {
    assert.deepEqual(
      load().settings.map((setting) => [setting.key, setting.type]),
      [
        ['blendfile', 'string'],
        ['render_dir', 'string'],
        ['chunks', 'string'],
        ['plan', 'string'],
        ['blender', 'string'],
        ['scripts', 'bool'],
        ['check', 'bool'],
        ['video', 'bool'],
      ],
    );
  });

  for (const [what, overrides, text] of [
    ['a relative .blend', { blendfile: 'shot.blend' }, /"blendfile" must be an absolute path/],
    [
      'braces in a path',
      { render_dir: '/renders/{jobs}' },
      /"render_dir" must be an absolute path without braces/,
    ],
    ['no chunks', { chunks: '' }, /"chunks" must be frames/],
    ['an empty chunk', { chunks: '1-4;' }, /is no list of frames/],
    ['a range that goes backwards', { chunks: '4-1' }, /goes backwards/],
    ['a frame in two chunks', { chunks: '1-4;4-6' }, /frame 4 is there twice/],
    ['a negative frame', { chunks: '-3' }, /is no list of frames/],
    ['a frame beyond the last', { chunks: '1048575' }, /beyond Blender's last one/],
    ['a plan that is plain JSON', { plan: '{"schema":1}' }, /"plan" must be base64url/],
    [
      'a Blender that is a path',
      { blender: '/usr/bin/blender' },
      /"blender" must be the name of a Flamenco variable/,
    ],
    ['a flag that is text', { scripts: 'true' }, /"scripts" must be true or false, not "true"/],
    ['a flag that is absent', { video: undefined }, /"video" must be true or false, not absent/],
  ] as const) {
    it(`refuses ${what} with a text`, () => {
      const thrown = refusal(overrides);
      assert.equal(typeof thrown, 'string');
      assert.match(String(thrown), text);
    });
  }
});
