import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { usage } from '../services/control/command-line.ts';
import { type Config, ConfigError, parseConfig } from '../services/control/config.ts';
import { configurationTable, VARIABLES } from '../services/control/variables.ts';

const DEFAULTS: Config = {
  mode: 'local',
  host: '127.0.0.1',
  port: 8080,
  bucketDir: 'bucket',
  scenes: [],
  exitWhenIdle: false,
  maxWorkers: null,
  ignoreGlobs: ['**/{lib,libs,library,assets,addons}/**'],
  settleMs: 20_000,
  maxAtOnce: 3,
  missingFilesGraceMs: 24 * 3_600_000,
  idleTeardownMs: 600_000,
  keepControlPlane: false,
  maxFarmMs: 24 * 3_600_000,
  maxUnknownMs: 3 * 3_600_000,
  deadmanMs: 3_600_000,
  managerUnreachableMs: 900_000,
  checkFirst: 'auto',
  allowSceneScripts: false,
  valueOfTimePerHour: 2,
  pricePerWorkerHour: 0,
  monthlyBudgetDollars: null,
  budgetStop: 'drain',
  blenderPaths: [],
  flamencoDir: null,
  logLevel: 'info',
};

function problems(env: Record<string, string>, argv: readonly string[] = []): readonly string[] {
  try {
    parseConfig(env, argv);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  return [];
}

describe('parseConfig', () => {
  it('has a good value for everything', () => {
    assert.deepEqual(parseConfig({}, []), DEFAULTS);
  });

  it('treats an empty variable as not set, so that a compose file may list it', () => {
    const env = Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, '']));
    assert.deepEqual(parseConfig(env, []), DEFAULTS);
  });

  it('takes people’s units and hands on milliseconds', () => {
    const config = parseConfig({ SETTLE_SECONDS: '0.5', MAX_FARM_HOURS: '2', MAX_UNKNOWN_HOURS: '0.5' }, []);
    assert.equal(config.settleMs, 500);
    assert.equal(config.maxFarmMs, 7_200_000);
    assert.equal(config.maxUnknownMs, 1_800_000);
  });

  it('lets the command line win over the environment', () => {
    const argv = ['--port', '0', '--idle-seconds=15', '--bucket', 'b', '--max-workers', '4'];
    const config = parseConfig({ PORT: '9000', IDLE_TEARDOWN_SECONDS: '99' }, argv);
    assert.deepEqual(
      [config.port, config.idleTeardownMs, config.bucketDir, config.maxWorkers],
      [0, 15_000, 'b', 4],
    );
  });

  it('collects every --scene in order', () => {
    assert.deepEqual(parseConfig({}, ['--scene', 'b.blend', '--scene=a b.blend']).scenes, [
      'b.blend',
      'a b.blend',
    ]);
  });

  it('gives missing files ten seconds when somebody waits for the end', () => {
    assert.equal(parseConfig({}, ['--exit-when-idle']).missingFilesGraceMs, 10_000);
    assert.equal(
      parseConfig({ MISSING_FILES_GRACE_HOURS: '0' }, ['--exit-when-idle']).missingFilesGraceMs,
      0,
    );
  });

  it('keeps commas inside braces together in IGNORE_GLOBS, and knows none', () => {
    assert.deepEqual(parseConfig({ IGNORE_GLOBS: '**/{a,b}/**, old/**' }, []).ignoreGlobs, [
      '**/{a,b}/**',
      'old/**',
    ]);
    assert.deepEqual(parseConfig({ IGNORE_GLOBS: 'none' }, []).ignoreGlobs, []);
  });

  for (const [env, words] of [
    [{ SETTLE_SECONDS: 'soon' }, ['SETTLE_SECONDS=soon', '0 to 3600', 'leave it out for 20']],
    [{ SETTLE_SECONDS: '-1' }, ['SETTLE_SECONDS=-1']],
    [{ SETTLE_SECONDS: '1e3' }, ['SETTLE_SECONDS=1e3']],
    [{ MAX_AT_ONCE: '2.5' }, ['MAX_AT_ONCE=2.5']],
    [{ PORT: '65536' }, ['PORT=65536']],
    [{ CHECK_FIRST: 'sometimes' }, ['CHECK_FIRST=sometimes', 'auto, always, never']],
    [{ ALLOW_SCENE_SCRIPTS: 'yes' }, ['ALLOW_SCENE_SCRIPTS=yes', 'true or false']],
    [{ MONTHLY_BUDGET_DOLLARS: '0' }, ['MONTHLY_BUDGET_DOLLARS=0', 'leave it out']],
    [{ PROJECT: 'p' }, ['PROJECT=p', 'not built yet']],
  ] as const)
    it(`names what is wrong and what to do: ${JSON.stringify(env)}`, () => {
      const [problem, ...others] = problems(env);
      assert.deepEqual(others, []);
      for (const word of words) assert.ok(problem?.includes(word), `${problem} lacks ${word}`);
    });

  it('lists all problems at once', () => {
    assert.equal(problems({ PORT: 'x', LOG_LEVEL: 'loud' }, ['--wat', '--max-workers', '0']).length, 4);
  });
});

describe('settings that contradict each other', () => {
  for (const [name, env, argv, words] of [
    [
      'an idle time that is longer than the farm lives',
      { IDLE_TEARDOWN_SECONDS: '86400' },
      [],
      ['IDLE_TEARDOWN_SECONDS', 'MAX_FARM_HOURS'],
    ],
    [
      'an unknown time that is longer than the farm lives',
      { MAX_UNKNOWN_HOURS: '24' },
      [],
      ['MAX_UNKNOWN_HOURS', 'MAX_FARM_HOURS'],
    ],
    [
      'workers that are more patient than the service',
      { MANAGER_UNREACHABLE_SECONDS: '10800' },
      [],
      ['MANAGER_UNREACHABLE_SECONDS', 'MAX_UNKNOWN_HOURS'],
    ],
    [
      'a budget where nothing costs anything',
      { MONTHLY_BUDGET_DOLLARS: '5' },
      [],
      ['MONTHLY_BUDGET_DOLLARS=5', 'PRICE_PER_WORKER_HOUR'],
    ],
    ['a way to stop without a budget', { BUDGET_STOP: 'now' }, [], ['BUDGET_STOP', 'MONTHLY_BUDGET_DOLLARS']],
    [
      'a farm that is kept and waited for',
      { KEEP_CONTROL_PLANE: 'true' },
      ['--exit-when-idle'],
      ['--exit-when-idle', 'KEEP_CONTROL_PLANE'],
    ],
  ] as const)
    it(`refuses ${name}`, () => {
      const [problem, ...others] = problems(env, argv);
      assert.deepEqual(others, []);
      for (const word of words) assert.ok(problem?.includes(word), `${problem} lacks ${word}`);
    });

  it('accepts the values just inside', () => {
    assert.deepEqual(problems({ IDLE_TEARDOWN_SECONDS: '86399' }), []);
    assert.deepEqual(problems({ MANAGER_UNREACHABLE_SECONDS: '10799' }), []);
  });
});

describe('the command line', () => {
  for (const [argv, words] of [
    [
      ['--scenes', 'a.blend'],
      ['--scenes', 'Did you mean --scene?'],
    ],
    [['--scene'], ['--scene FILE']],
    [['--scene', '--exit-when-idle'], ['--scene FILE']],
    [['--exit-when-idle=yes'], ['takes no value']],
    [['shot.blend'], ['npm start -- --scene shot.blend']],
    [['-p'], ['-p is no option']],
  ] as const)
    it(`explains ${argv.join(' ')}`, () => {
      const all = problems({}, argv).join('\n');
      for (const word of words) assert.ok(all.includes(word), `${all} lacks ${word}`);
    });

  it('shows every option in its help', () => {
    for (const name of ['--scene FILE', '--exit-when-idle', '--bucket DIR', '--port N', '--help'])
      assert.ok(usage().includes(name));
  });
});

describe('the table of the README', () => {
  it('is what the code says', (t) => {
    const readme = join(import.meta.dirname, '..', 'README.md');
    if (!existsSync(readme)) return t.skip('there is no README yet');
    assert.ok(
      readFileSync(readme, 'utf8').includes(configurationTable()),
      `README.md lacks this table:\n${configurationTable()}`,
    );
  });
});
