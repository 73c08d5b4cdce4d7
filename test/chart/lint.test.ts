import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { installTools, type Tools, toolsAbsent } from '../tools/tools.ts';

const repository = join(import.meta.dirname, '../..');
const dockerfiles = globSync('docker/*/Dockerfile', { cwd: repository }).sort();
const scripts = globSync(['docker/**/*.sh', 'services/**/*.sh'], { cwd: repository }).sort();

describe('Dockerfiles', { skip: toolsAbsent }, () => {
  let tools: Tools;
  before(() => {
    tools = installTools();
  });

  it('are three', () => {
    const images = ['control', 'manager', 'worker'];
    assert.deepEqual(
      dockerfiles,
      images.map((image) => `docker/${image}/Dockerfile`),
    );
  });

  for (const file of dockerfiles) {
    it(`${file} passes dockerfilelint and dockerfile-utils`, () => {
      assert.deepEqual(findings(tools, join(repository, file)), []);
    });
  }

  it('would not pass with an error in them', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tablao-lint-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'Dockerfile');
    writeFileSync(file, 'FROM debian\nRUNN true\n');
    assert.match(findings(tools, file).join('\n'), /RUNN/);
    assert.match(findings(tools, file).join('\n'), /Base Image Missing/);
  });

  for (const file of dockerfiles) {
    it(`${file} ends as a user without rights, and starts its program itself`, () => {
      const text = readFileSync(join(repository, file), 'utf8');
      const last = text.slice(text.lastIndexOf('\nFROM '));
      assert.match(last, /^USER 1000:1000$/m);
      assert.match(last, /^ENTRYPOINT \["/m, 'the form with a shell would swallow signals');
      assert.ok(
        (text.match(/^FROM /gm) ?? []).length > 1,
        'what only the build needs would stay in the image',
      );
    });
  }
});

describe('shell scripts', () => {
  it('can be run', { skip: process.platform === 'win32' }, () => {
    assert.ok(scripts.length >= 4, `only ${scripts.join(', ')}`);
    for (const file of scripts) assert.ok(statSync(join(repository, file)).mode & 0o111, file);
  });

  it('pass shellcheck', { skip: absent('shellcheck') }, () => {
    const ended = spawnSync('shellcheck', scripts, { cwd: repository, encoding: 'utf8' });
    assert.equal(ended.status, 0, ended.stdout);
  });

  it('are formatted as shfmt does it', { skip: absent('shfmt') }, () => {
    const ended = spawnSync('shfmt', ['-i', '2', '-ci', '-d', ...scripts], {
      cwd: repository,
      encoding: 'utf8',
    });
    assert.equal(ended.status, 0, ended.stdout);
  });
});

function findings(tools: Tools, file: string): readonly string[] {
  const modules = join(tools.folder, 'node_modules');
  const lint = spawnSync(process.execPath, [join(modules, 'dockerfilelint/bin/dockerfilelint'), file], {
    encoding: 'utf8',
  });
  const utils = spawnSync(
    process.execPath,
    [join(modules, 'dockerfile-utils/bin/dockerfile-utils'), 'lint', file],
    {
      encoding: 'utf8',
    },
  );
  return [
    ...(lint.status === 0 ? [] : [lint.stdout]),
    ...`${utils.stdout}${utils.stderr}`.split('\n'),
  ].filter((line) => line.trim() !== '');
}

function absent(program: string): string | false {
  return spawnSync(program, ['--version']).status === 0 ? false : `${program} is not installed`;
}
