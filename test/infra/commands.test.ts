// What the scripts would do, by their dry runs: no program is called.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { commandsIn, gcloudAbsent, runScript } from './scripts.ts';

const AT = ['--project', 'film-farm', '--region', 'europe-west1'];
const IMAGES = ['control', 'manager', 'worker'].flatMap((name) => [
  '--image',
  `${name}=host.example/${name}:1`,
]);
/** Without PATH nothing could be called by mistake. */
const NO_PATH = { PATH: '' };

const HOME = mkdtempSync(join(tmpdir(), 'tablao-commands-'));
process.on('exit', () => rmSync(HOME, { recursive: true, force: true }));
function varsFile(name: string, text: string): string {
  writeFileSync(join(HOME, name), text);
  return join(HOME, name);
}
const VARS = varsFile('x.tfvars', 'prices_date = "2026-11-24"\n');

const DRY_RUNS: readonly (readonly [string, readonly string[]])[] = [
  ['deploy', ['--monthly-dollars', '200']],
  ['deploy', ['--monthly-dollars', '200', ...IMAGES, '--people', 'user:anna@film.example', '--vars', VARS]],
  ['verify', ['--max-dollars', '2']],
  ['destroy', []],
  ['destroy', ['--delete-renders', '--delete-scenes']],
  ['reapply-chart', []],
];

describe('a dry run', () => {
  for (const [name, args] of DRY_RUNS)
    test(`of ${name} ${args[0] ?? ''} prints every command and calls none`, async () => {
      const ran = await runScript(name, [...AT, ...args, '--dry-run'], NO_PATH);
      assert.equal(ran.code, 0, ran.words);
      assert.ok(commandsIn(ran).length >= 4);
    });

  test('of deploy builds the Blenders that the service is told of', async () => {
    const built = async (...vars: readonly string[]) => {
      const args = [...AT, '--monthly-dollars', '200', '--dry-run', ...vars];
      const lines = commandsIn(await runScript('deploy', args, NO_PATH));
      const line = lines.find((each) => each.includes(' builds submit ')) ?? '';
      return [/_BLENDERS=(\d[\d. ]*\d)/.exec(line)?.[1], /_TAG=(\w+)/.exec(line)?.[1]];
    };
    const usual = await built();
    assert.equal(usual[0], '5.1.1 4.5.11');
    assert.deepEqual(await built('--vars', VARS), usual);
    const own = varsFile('own.tfvars', '# ours\nblenders = [\n  "4.5.11", "4.2.3",\n]\n');
    assert.equal((await built('--vars', own))[0], '4.5.11 4.2.3');
    assert.notEqual((await built('--vars', own))[1], usual[1], 'an image of its own');
    const json = varsFile('own.tfvars.json', '{"prices_date": "2026-11-24", "blenders": ["4.2.3"]}');
    assert.equal((await built('--vars', json))[0], '4.2.3');
  });

  test('of deploy builds nothing with a Blender that nobody can fetch', async () => {
    const vars = varsFile('new.tfvars', 'blenders = ["9.9.9", "4.2.3"]');
    const args = [...AT, '--monthly-dollars', '9', '--vars', vars, '--dry-run'];
    const ran = await runScript('deploy', args, NO_PATH);
    assert.equal(ran.code, 1);
    assert.match(ran.words, /has 9\.9\.9, which docker\/versions does not list/);
    assert.ok(!commandsIn(ran).some((line) => /builds submit|^terraform/.test(line)));
    assert.equal((await runScript('deploy', [...args, ...IMAGES], NO_PATH)).code, 0, 'nothing is built');
  });

  test('of deploy with images builds none', async () => {
    const built = await runScript('deploy', [...AT, '--monthly-dollars', '200', '--dry-run'], NO_PATH);
    const given = await runScript(
      'deploy',
      [...AT, '--monthly-dollars', '200', ...IMAGES, '--dry-run'],
      NO_PATH,
    );
    const builds = (ran: typeof built) =>
      commandsIn(ran).filter((line) => / builds submit | -target=/.test(line));
    assert.equal(builds(built).length, 2);
    assert.deepEqual(builds(given), []);
  });

  test('of destroy keeps scenes and renders unless told, and ends the farm before all else that bills', async () => {
    const kept = commandsIn(await runScript('destroy', [...AT, '--dry-run'], NO_PATH));
    assert.deepEqual(
      kept.filter((line) => /storage rm/.test(line)),
      ['gcloud storage rm gs://film-farm-tablao-terraform --recursive'],
    );
    const order = ['run services delete tablao-control', 'clusters delete', 'state rm', 'terraform destroy']
      .map((words) => words.replace('terraform destroy', 'terraform -chdir=infra/terraform destroy'))
      .map((words) => kept.findIndex((line) => line.includes(words)));
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
    assert.ok(order.every((index) => index >= 0));
    const all = commandsIn(await runScript('destroy', [...AT, '--delete-renders', '--dry-run'], NO_PATH));
    assert.ok(all.includes('gcloud storage rm gs://film-farm-tablao-renders --recursive'));
    assert.ok(
      !all.some(
        (line) => /rm.*(?:-scenes|google_storage_bucket.renders)/.test(line) && !/state rm/.test(line),
      ),
    );
  });
});

describe('bad arguments', () => {
  const cases: readonly (readonly [string, string, readonly string[], RegExp])[] = [
    [
      'a name for the id',
      'deploy',
      ['--project', 'Film Farm'],
      /--project Film Farm cannot be used: the project's id/,
    ],
    [
      'a zone for the region',
      'destroy',
      [...AT, '--region', 'europe-west1-b'],
      /europe-west1-b cannot be used.*that would be a zone/,
    ],
    ['no dollars to verify', 'verify', AT, /--max-dollars N is missing/],
    ['no cap', 'deploy', AT, /--monthly-dollars N is missing: spending stops/],
    [
      'half a dollar',
      'deploy',
      [...AT, '--monthly-dollars', '0.5'],
      /--monthly-dollars 0.5 cannot be used.*whole dollars/,
    ],
    ['an unknown option', 'proxy', [...AT, '--prot', '1'], /--prot is not known here/],
    ['a missing value', 'deploy', [...AT, '--monthly-dollars'], /--monthly-dollars wants N/],
    [
      'everybody',
      'deploy',
      [...AT, '--monthly-dollars', '9', '--people', 'allUsers'],
      /--people allUsers cannot be used/,
    ],
    [
      'one image',
      'deploy',
      [...AT, '--monthly-dollars', '9', '--image', 'worker=x/w:1'],
      /--image is missing for control and manager/,
    ],
    [
      'no such file',
      'deploy',
      [...AT, '--monthly-dollars', '9', '--vars', '/nowhere/x.tfvars'],
      /--vars \/nowhere\/x\.tfvars: there is no such file/,
    ],
    [
      'people in the file',
      'deploy',
      [
        ...AT,
        '--monthly-dollars',
        '9',
        '--vars',
        varsFile('who.tfvars', 'people = ["user:a@film.example"]\n'),
      ],
      /say people \(--people\) as an option, not in the file/,
    ],
    [
      'zones and a cap in the file',
      'deploy',
      [
        ...[...AT, '--monthly-dollars', '9', '--vars'],
        varsFile('who.tfvars.json', '{"settings": {}, "zones": [], "monthly_dollars": 9}'),
      ],
      /say zones \(--zone\) and monthly_dollars \(--monthly-dollars\) as an option/,
    ],
    [
      'what is no JSON',
      'deploy',
      [...AT, '--monthly-dollars', '9', '--vars', varsFile('broken.tfvars.json', '{"settings": ')],
      /--vars broken\.tfvars\.json is no JSON/,
    ],
    [
      'a default that there is not',
      'deploy',
      [...AT, '--monthly-dollars', '9', '--default', 'pools'],
      /--default pools cannot be used: as usual again, .* or all/,
    ],
  ];
  for (const [what, name, args, words] of cases)
    test(`${what}: ${name} says what is wrong and calls nothing`, async () => {
      const ran = await runScript(name, args, NO_PATH);
      assert.equal(ran.code, 1);
      assert.match(ran.words, words);
      assert.deepEqual(commandsIn(ran), []);
    });
});

describe('--help', () => {
  for (const name of ['deploy', 'verify', 'destroy', 'proxy', 'reapply-chart'])
    test(`of ${name} tells what it takes, and is no failure`, async () => {
      const ran = await runScript(name, ['--help'], NO_PATH);
      assert.equal(ran.code, 0);
      assert.match(ran.out, new RegExp(`^npm run ${name} -- --project ID .*\\n\\n {2}--project ID `));
      assert.equal(ran.words, '');
    });
});

describe("every command of the scripts and READMEs by gcloud's own check", { skip: gcloudAbsent }, () => {
  test('is one that gcloud knows', async () => {
    const runs = await Promise.all(
      DRY_RUNS.map(([name, args]) => runScript(name, [...AT, ...args, '--dry-run'], NO_PATH)),
    );
    const texts = ['README.md', 'infra/terraform/README.md'].map((file) => {
      return readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
    });
    const lines = [
      ...runs.flatMap(commandsIn),
      ...runs.flatMap(({ out }) => out.split('\n')),
      ...texts.flatMap(indented),
    ]
      .flatMap((line) => /gcloud (?!version|init)[a-z].*/.exec(line) ?? [])
      .map((line) =>
        line
          .replace(/(?: \||;| #| &&).*$/, '')
          .replaceAll('"$name"', 'NAME')
          .replaceAll('"$zone"', 'ZONE'),
      );
    const known = [...new Set(lines)].map((line) => line.trim());
    assert.ok(known.length > 20);
    const faults = faultsOf([...known, 'gcloud run services delete x --regoin=y']);
    assert.match(faults.pop() ?? '', /regoin/);
    assert.deepEqual(faults, []);
  });
});

/** Command lines of a README's code blocks. */
function indented(text: string): readonly string[] {
  return [...text.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.split('\n'));
}

/** What gcloud would not take, with why. */
function faultsOf(lines: readonly string[]): string[] {
  const dir = mkdtempSync(join(tmpdir(), 'tablao-lint-'));
  try {
    const file = join(dir, 'commands.json');
    writeFileSync(file, JSON.stringify(lines.map((command_string) => ({ command_string }))));
    const said = execFileSync('gcloud', ['meta', 'lint-gcloud-commands', `--commands-file=${file}`], {
      encoding: 'utf8',
    });
    const results: readonly Linted[] = JSON.parse(said);
    assert.equal(results.length, lines.length);
    return results
      .filter(({ success }) => !success)
      .map(({ command_string, error_message }) => `${command_string}: ${error_message}`);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Linted {
  readonly command_string: string;
  readonly success: boolean;
  readonly error_message: string | null;
}
