import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { cloudSettings } from '../services/control/cloud-settings.ts';
import { CLOUD_VARIABLES } from '../services/control/cloud-variables.ts';
import { usage } from '../services/control/command-line.ts';
import { ConfigError, type LocalConfig, parseConfig } from '../services/control/config.ts';
import { configurationTable, VARIABLES } from '../services/control/variables.ts';
import { CLOUD_ENV } from './cloud-env.ts';

/** What lets people sign in to the page. */
const SIGN_IN = {
  ...{ ROLE: 'page', AUTH_MODE: 'public', PEOPLE: 'anna@example.org' },
  SIGN_IN_CLIENT_ID: '123-film.apps.googleusercontent.com',
  SIGN_IN_CLIENT_SECRET: 'client-secret-of-film',
  SESSION_KEY: Buffer.alloc(32, 7).toString('base64'),
};

const DEFAULTS: LocalConfig = {
  mode: 'local',
  host: '127.0.0.1',
  port: 8080,
  bucketDir: 'bucket',
  scenes: [],
  exitWhenIdle: false,
  maxWorkers: 1,
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
  notify: null,
  blenderPaths: [],
  flamencoDir: null,
  logLevel: 'info',
};

function local(env: Record<string, string>, argv: readonly string[] = []): LocalConfig {
  const config = parseConfig(env, argv);
  assert.ok(config.mode === 'local');
  return config;
}

function cloud(env: Record<string, string> = {}) {
  const config = parseConfig({ ...CLOUD_ENV, ...env }, []);
  assert.ok(config.mode === 'cloud');
  return config;
}

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
    const config = local({ PORT: '9000', IDLE_TEARDOWN_SECONDS: '99' }, argv);
    assert.deepEqual(
      [config.port, config.idleTeardownMs, config.bucketDir, config.maxWorkers],
      [0, 15_000, 'b', 4],
    );
  });

  it('collects every --scene in order', () => {
    assert.deepEqual(local({}, ['--scene', 'b.blend', '--scene=a b.blend']).scenes, ['b.blend', 'a b.blend']);
  });

  it('gives missing files ten seconds when somebody waits for the end', () => {
    assert.equal(parseConfig({}, ['--exit-when-idle']).missingFilesGraceMs, 10_000);
    assert.equal(
      parseConfig({ MISSING_FILES_GRACE_HOURS: '0' }, ['--exit-when-idle']).missingFilesGraceMs,
      0,
    );
  });

  it('takes an idle farm down after ten seconds when somebody waits for the end, unless told how long it stays', () => {
    const idleMs = (env: Record<string, string>, ...more: string[]) =>
      local(env, ['--exit-when-idle', ...more]).idleTeardownMs;
    assert.equal(idleMs({}), 10_000);
    assert.equal(idleMs({ IDLE_TEARDOWN_SECONDS: '' }), 10_000);
    assert.equal(idleMs({ IDLE_TEARDOWN_SECONDS: '600' }), 600_000);
    assert.equal(idleMs({}, '--idle-seconds', '0'), 0);
    assert.equal(local({}, []).idleTeardownMs, 600_000);
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

describe('where messages go', () => {
  const url = 'https://hooks.example.org/T0/s3cret?a=@';
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

  it('is an address and what signs them', () => {
    assert.deepEqual(local({ NOTIFY_WEBHOOK_URL: url }).notify, { url, secret: null });
    const env = { NOTIFY_WEBHOOK_URL: url, NOTIFY_WEBHOOK_SECRET: secret };
    assert.deepEqual(cloud(env).notify, { url, secret });
    assert.deepEqual(cloudSettings(cloud(env)).notify, { url, secret });
  });

  for (const bad of [
    's3cret',
    'ftp://s3cret.example',
    'https://anna:s3cret@x.example/',
    'https://s3cret:99999/',
  ])
    it(`is not ${bad}, and that is not shown`, () => {
      const [problem, ...others] = problems({ NOTIFY_WEBHOOK_URL: bad });
      assert.deepEqual(others, []);
      assert.match(problem ?? '', /^NOTIFY_WEBHOOK_URL cannot be used\. It decides: where messages are sent/);
      assert.doesNotMatch(problem ?? '', /s3cret/);
    });

  for (const [name, env, words] of [
    [
      'a secret for nobody',
      { NOTIFY_WEBHOOK_SECRET: secret },
      /^NOTIFY_WEBHOOK_SECRET without NOTIFY_WEBHOOK_URL/,
    ],
    [
      'a secret that is too short',
      { NOTIFY_WEBHOOK_URL: url, NOTIFY_WEBHOOK_SECRET: 'whsec_c2VjcmV0' },
      /^NOTIFY_WEBHOOK_SECRET cannot be used/,
    ],
  ] as const)
    it(`refuses ${name}`, () => {
      const [problem, ...others] = problems(env);
      assert.deepEqual(others, []);
      assert.match(problem ?? '', words);
    });

  it('may be in one’s own network without TLS, but not across the internet', () => {
    const env = { NOTIFY_WEBHOOK_URL: 'http://nas.local/hooks' };
    assert.equal(local(env).notify?.url, env.NOTIFY_WEBHOOK_URL);
    assert.match(problems({ ...CLOUD_ENV, ...env })[0] ?? '', /begins with http:\/\/ beside PROJECT/);
  });
});

describe('settings of the cloud mode', () => {
  it('are what a deployment sets, the rest has good values', () => {
    const config = cloud();
    assert.deepEqual(
      [config.host, config.role, config.zones, config.authMode, config.farm, config.droughtMs],
      ['0.0.0.0', 'control', ['europe-west1-b', 'europe-west1-c'], 'private', 'tablao', 1_200_000],
    );
    assert.deepEqual(config.jobs, {
      tick: 'projects/film-farm/locations/europe-west1/jobs/tablao-tick',
      deadman: 'projects/film-farm/locations/europe-west1/jobs/tablao-deadman',
    });
    assert.equal(config.pricesAt, Date.UTC(2026, 10, 20));
    assert.equal(config.allowSceneScripts, true);
    assert.equal(cloud({ ALLOW_SCENE_SCRIPTS: 'false' }).allowSceneScripts, false);
    assert.equal(cloud({ MONTHLY_BUDGET_DOLLARS: '50' }).monthlyBudgetDollars, 50);
  });

  it('tell addresses, programs that people sign in with and resources of IAP apart', () => {
    const iap = '/projects/123/locations/europe-west1/services/tablao-page';
    const gcloud = '32555940559.apps.googleusercontent.com';
    const config = cloud({
      AUTH_AUDIENCE: `https://tablao-123.europe-west1.run.app, ${iap}, ${gcloud}`,
      KNOWN_HOSTS: 'render.example.org',
      PEOPLE: 'Anna@Example.org, @studio.example',
    });
    assert.deepEqual(config.audiences, ['https://tablao-123.europe-west1.run.app', gcloud]);
    assert.deepEqual(config.iapAudiences, [iap]);
    assert.deepEqual(config.knownHosts, ['tablao-123.europe-west1.run.app', 'render.example.org']);
    assert.deepEqual(config.people, ['anna@example.org', '@studio.example']);
  });

  it('let people sign in, with a key that nobody reads', () => {
    const config = cloud(SIGN_IN);
    assert.deepEqual(config.signIn, {
      clientId: SIGN_IN.SIGN_IN_CLIENT_ID,
      clientSecret: SIGN_IN.SIGN_IN_CLIENT_SECRET,
      sessionKey: Buffer.alloc(32, 7),
    });
    assert.equal(cloud().signIn, null);
    for (const SESSION_KEY of ['short-and-secret', 'A'.repeat(43), `${'A'.repeat(42)}B=`]) {
      const [problem] = problems({ ...CLOUD_ENV, ...SIGN_IN, SESSION_KEY });
      assert.match(problem ?? '', /^SESSION_KEY cannot be used.*openssl rand/);
      assert.ok(!problem?.includes(SESSION_KEY));
    }
  });

  it('take the full name of a job as well', () => {
    const job = 'projects/other/locations/us-east1/jobs/x';
    assert.equal(cloud({ TICK_JOB: job }).jobs.tick, job);
  });

  it('turn a pool and its fallbacks into machines, each with its price', () => {
    const [pool] = cloud().pools;
    assert.deepEqual(
      pool.machines.map(({ name, machineType, zone, isSpot, pricePerHour }) => [
        ...[name, machineType, zone, isSpot, pricePerHour],
      ]),
      [
        ['cpu-spot', 'c3d-standard-16', null, true, 0.2],
        ['cpu-2', 'c3d-standard-16', 'europe-west1-c', true, 0.2],
        ['cpu-3', 'c2d-standard-32', null, true, 0.35],
        ['cpu-4', 'c3d-standard-16', null, false, 0.73],
      ],
    );
    assert.deepEqual([pool.max, pool.device, pool.machines[0].gpu], [20, 'cpu', null]);
  });

  const L4 = {
    ...{ machineType: 'g2-standard-8', vcpu: 8, memoryGiB: 32, device: 'optix', fallbacks: [] },
    gpu: { type: 'nvidia-l4', count: 1 },
  };
  const A100 = { machineType: 'a2-highgpu-1g', vcpu: 12, memoryGiB: 85, spotPricePerHour: 1.8 };

  it('give a fallback of a GPU pool the GPUs of its own machine type, or the pool’s', () => {
    const [{ name }] = JSON.parse(CLOUD_ENV.POOLS);
    const gpu = { type: 'nvidia-tesla-a100', count: 1 };
    const fallbacks = [{ ...A100, gpu }, { onDemand: true }];
    const POOLS = JSON.stringify([
      { ...L4, name, max: 4, spotPricePerHour: 0.34, onDemandPricePerHour: 0.85, fallbacks },
    ]);
    const [pool] = cloud({ POOLS }).pools;
    assert.deepEqual(
      pool.machines.map((machine) => machine.gpu),
      [L4.gpu, gpu, L4.gpu],
    );
  });

  for (const [change, words] of [
    ['{', ['no JSON list of pools']],
    ['[]', ['no JSON list of pools']],
    [{ nmae: 'x' }, ['0:', 'nmae']],
    [{ spotPricePerHour: 0 }, ['0.spotPricePerHour']],
    [{ memoryGiB: 4 }, ['0.memoryGiB']],
    [{ name: 'A' }, ['0.name']],
    [{ device: 'optix' }, ['device optix without gpu', 'every frame would fail']],
    [{ gpu: { type: 'nvidia-l4', count: 1 } }, ['gpu with device cpu', 'not used']],
    [{ ...L4, machineType: 'c3d-standard-8' }, ['c3d-standard-8 takes no GPU']],
    [{ machineType: 'g2-standard-8' }, ['has 1 of type nvidia-l4', 'gpu says none']],
    [{ ...L4, machineType: 'g2-standard-24' }, ['has 2 of type nvidia-l4', 'gpu says 1']],
    [{ ...L4, fallbacks: [A100] }, ['cpu.fallbacks.0', 'has 1 of type nvidia-tesla-a100', 'nvidia-l4']],
    [{ fallbacks: [{ ...A100, gpu: { type: 'nvidia-tesla-a100', count: 1 } }] }, ['in a pool without']],
    [{ fallbacks: [{}] }, ['cpu.fallbacks.0', 'the same again']],
    [{ fallbacks: [{ machineType: 'c2d-standard-8' }] }, ['without vcpu and memoryGiB', 'spotPricePerHour']],
    [{ onDemandPricePerHour: undefined, fallbacks: [{ onDemand: true }] }, ['onDemandPricePerHour']],
    [{ fallbacks: [{ zone: 'us-east1-b' }] }, ['us-east1-b', 'REGION=europe-west1']],
  ] as const)
    it(`POOLS: says what is wrong with ${JSON.stringify(change)}`, () => {
      const [pool] = JSON.parse(CLOUD_ENV.POOLS);
      const text = typeof change === 'string' ? change : JSON.stringify([{ ...pool, ...change }]);
      const [problem, ...others] = problems({ ...CLOUD_ENV, POOLS: text });
      assert.deepEqual(others, []);
      for (const word of ['POOLS', ...words]) assert.ok(problem?.includes(word), `${problem} lacks ${word}`);
    });

  it('POOLS: no two pools of one name', () => {
    const [pool] = JSON.parse(CLOUD_ENV.POOLS);
    const [problem] = problems({ ...CLOUD_ENV, POOLS: JSON.stringify([pool, pool]) });
    assert.match(problem ?? '', /two pools have this name/);
  });

  for (const name of Object.keys(CLOUD_ENV).filter((one) => !['PROJECT', 'K_SERVICE'].includes(one)))
    it(`says what would come of a missing ${name}`, () => {
      const [problem, ...others] = problems({ ...CLOUD_ENV, [name]: '' });
      assert.deepEqual(others, []);
      assert.match(problem ?? '', new RegExp(`^PROJECT=film-farm without ${name}: .*Set ${name} too`));
    });

  it('need no accounts of machines where no machine calls', () => {
    const env = { ROLE: 'page', TICK_SERVICE_ACCOUNT: '', EVENTS_SERVICE_ACCOUNT: '' };
    assert.equal(cloud(env).role, 'page');
  });

  for (const [name, env, words] of [
    ['a zone of another region', { ZONES: 'us-east1-b' }, ['us-east1-b', 'REGION=europe-west1']],
    ['one bucket for two', { RENDERS_BUCKET: 'film-scenes' }, ['not three', 'RENDERS_BUCKET']],
    [
      'tokens that nobody checks',
      { K_SERVICE: '' },
      ['AUTH_MODE=private', 'K_SERVICE', 'AUTH_MODE=public', 'unset PROJECT'],
    ],
    [
      'a public page without IAP',
      { ROLE: 'page', AUTH_MODE: 'public' },
      ['AUTH_MODE=public', 'ROLE=page', 'IAP'],
    ],
    ...Object.keys(SIGN_IN)
      .filter((name) => /^SIGN_IN|KEY$/.test(name))
      .map((name) => ['half a door', { ...SIGN_IN, [name]: '' }, ['belong together', name]] as const),
    ['a door for everybody', { ...SIGN_IN, PEOPLE: '' }, ['without PEOPLE', 'spend your money']],
    ['a door where machines call', { ...SIGN_IN, ROLE: 'control' }, ['ROLE=control', 'no person']],
    ['a door that nobody reaches', { ...SIGN_IN, AUTH_MODE: 'private' }, ['AUTH_MODE=private', 'IAM']],
    [
      'a door behind a door',
      { ...SIGN_IN, AUTH_AUDIENCE: '/projects/1/locations/europe-west1/services/x' },
      ['IAP', 'twice'],
    ],
    [
      'a loop that nobody could call',
      { AUTH_AUDIENCE: '/projects/1/locations/europe-west1/services/x' },
      ['AUTH_AUDIENCE', 'https://'],
    ],
    ['a switch that is quicker than the tick', { DEADMAN_MINUTES: '2' }, ['DEADMAN_MINUTES=2', '10 or more']],
    ['no date', { PRICES_DATE: 'yesterday' }, ['PRICES_DATE=yesterday', '2026-11-24']],
    ['a bucket with gs://', { STATE_BUCKET: 'gs://x' }, ['STATE_BUCKET=gs://x']],
  ] as const)
    it(`refuse ${name}`, () => {
      const [problem, ...others] = problems({ ...CLOUD_ENV, ...env });
      assert.deepEqual(others, []);
      for (const word of words) assert.ok(problem?.includes(word), `${problem} lacks ${word}`);
    });

  it('refuse options that are for one machine', () => {
    const argv = ['--scene', 'a.blend', '--exit-when-idle', '--max-workers', '2', '--bucket', 'b'];
    const all = problems(CLOUD_ENV, argv);
    assert.equal(all.length, 4);
    for (const problem of all) assert.match(problem, /with PROJECT=film-farm: it is for one machine/);
  });

  it('are not looked at without PROJECT', () => {
    assert.deepEqual(parseConfig({ ZONES: '%', POOLS: '{' }, []), DEFAULTS);
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

describe('the tables of the README', () => {
  const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');
  for (const [name, variables] of Object.entries({ VARIABLES, CLOUD_VARIABLES }))
    it(`are what the code says: ${name}`, () => {
      const table = configurationTable(variables);
      assert.ok(readme.includes(table), `README.md lacks this table:\n${table}`);
    });
});
