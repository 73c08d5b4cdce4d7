import { spawn, spawnSync } from 'node:child_process';

/** A program that we called ended badly. `said` = the end of what it said, without colours, frames and line breaks. */
export class ProgramFailed extends Error {
  constructor(line, said, isShown = false) {
    super(`this failed: ${line}${isShown ? '' : `\n${said.replaceAll(/\u001b\[[0-9;]*m/g, '').trim()}`}`);
    this.said = said.replaceAll(/(?:\u001b\[[0-9;]*m|[\s╷│╵])+/g, ' ');
  }
}

const KEPT = 100_000;

/**
 * How gcloud, terraform and helm are called: each command is shown before it runs. In a dry run none runs, and whoever
 * asks for an answer is given the one that stands for it.
 * @param {{isDry: boolean, cwd: string, show?: (line: string) => void}} options
 */
export function createPrograms({ isDry, cwd, show = (line) => process.stderr.write(`${line}\n`) }) {
  /** Runs it to its end, with what it says on the screen. Throws `ProgramFailed`. */
  async function run(program, ...args) {
    const line = lineOf(program, args);
    show(`$ ${line}`);
    if (isDry) return '';
    const child = spawn(program, args, { cwd, stdio: ['inherit', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes) => {
        process.stderr.write(bytes);
        said = (said + bytes).slice(-KEPT);
      });
    const code = await new Promise((done, failed) => {
      child.on('error', failed);
      child.on('close', done);
    });
    if (code !== 0) throw new ProgramFailed(line, said, true);
    return said;
  }

  /** What it answers. `instead` is the answer in a dry run. Throws `ProgramFailed`. */
  function ask(instead, program, ...args) {
    const line = lineOf(program, args);
    show(`$ ${line}`);
    if (isDry) return instead;
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      cwd,
      encoding: 'utf8',
      maxBuffer: 64e6,
    });
    if (error !== undefined) throw error;
    if (status !== 0) throw new ProgramFailed(line, `${stdout}${stderr}`);
    return stdout.trim();
  }

  /** What it answers, or `null` where it says that there is no such thing. Any other failure is thrown. */
  function find(instead, program, ...args) {
    try {
      return ask(instead, program, ...args);
    } catch (error) {
      if (
        error instanceof ProgramFailed &&
        /not.?found|cannot find|\b404\b|does not exist|matched no objects/i.test(error.said)
      )
        return null;
      throw error;
    }
  }

  return { run, ask, find, isDry, show };
}

/** Whether a program is there at all. */
export function isInstalled(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** As a shell would take it. */
function lineOf(program, args) {
  return [program, ...args]
    .map((word) => (/^[\w@%+=:,./~^-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}
