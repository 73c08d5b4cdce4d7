import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { wrapper } from './kit.ts';

const noShell = process.platform === 'win32' ? 'the wrapper is a POSIX shell script' : false;

describe('the wrapper run.sh', { skip: noShell }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'tablao-run-'));
  after(() => rmSync(dir, { recursive: true, force: true }));

  const run = (...args: string[]) => {
    const env = { ...process.env, PYTHONHOME: '/nowhere', PYTHONPATH: '/nowhere' };
    const ended = spawnSync(wrapper, args, { env, encoding: 'utf8' });
    return { code: ended.status, out: ended.stdout.trimEnd(), err: ended.stderr.trimEnd() };
  };
  const script = (name: string, text: string) => {
    const path = join(dir, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const isAlive = (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  it('passes arguments on unchanged and says nothing after a good end', () => {
    assert.deepEqual(run('sh', '-c', 'printf "%s|" "$@"', 'sh', 'a b', '--', '*', ''), {
      code: 0,
      out: 'a b|--|*||',
      err: '',
    });
  });

  it('exits 0 whatever Blender exits with, and says it in the last line', () => {
    assert.deepEqual(run('sh', '-c', 'echo hi; exit 3'), {
      code: 0,
      out: 'hi\ntablao: Blender ended with exit code 3',
      err: '',
    });
  });

  it('names the signal that ended Blender', () => {
    assert.match(
      run('sh', '-c', 'kill -SEGV $$').out,
      /^tablao: Blender ended with exit code 139 \(SIGSEGV\)$/m,
    );
  });

  it('exits with 127 or 126 when there is no Blender that can be started', () => {
    writeFileSync(join(dir, 'not-executable'), '');
    assert.equal(run(join(dir, 'absent')).code, 127);
    assert.equal(run('no-such-program-on-the-path').code, 127);
    const refused = run(join(dir, 'not-executable')).code;
    assert.ok(refused === 126 || refused === 127, `exit code ${refused}`);
  });

  it("keeps the machine's Python settings from Blender", () => {
    assert.equal(run('sh', '-c', 'echo "$PYTHONHOME$PYTHONPATH"').out, '');
  });

  for (const [how, path] of [
    ['by the parent-death signal or the watcher, whichever this machine has', process.env.PATH ?? ''],
    ['by the watcher where there is no setpriv', withoutSetpriv()],
  ] as const) {
    it(`takes Blender down with it when it is killed, ${how}`, async () => {
      const pidFile = join(dir, `pid-${path.length}`);
      const blender = script(
        'blender',
        `echo $$ > '${pidFile}.new'; mv '${pidFile}.new' '${pidFile}'; exec sleep 60`,
      );
      const child = spawn(wrapper, [blender], { env: { ...process.env, PATH: path }, stdio: 'ignore' });
      const pid = await until(() => existsSync(pidFile) && Number(readFileSync(pidFile, 'utf8')));
      assert.ok(isAlive(pid));
      child.kill('SIGKILL');
      await until(() => !isAlive(pid));
    });
  }

  /** A PATH that holds the few programs the wrapper needs, and not setpriv. */
  function withoutSetpriv(): string {
    const bin = mkdtempSync(join(tmpdir(), 'tablao-bin-'));
    after(() => rmSync(bin, { recursive: true, force: true }));
    for (const name of ['sh', 'date', 'sleep', 'mv']) {
      const from = (process.env.PATH ?? '')
        .split(delimiter)
        .map((at) => join(at, name))
        .find(existsSync);
      writeFileSync(join(bin, name), `#!/bin/sh\nexec ${from} "$@"\n`, { mode: 0o755 });
    }
    return bin;
  }
});

async function until<T>(look: () => T | false): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const seen = look();
    if (seen) return seen;
    assert.ok(Date.now() < deadline, 'nothing happened within 10 s');
    await sleep(20);
  }
}
