import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Records } from '../../services/control/ports/records.ts';

/** How often each writer is killed. */
const KILLS = 4;

/**
 * Writers count up in `count.json`, each its own number and the total, and print their own number after each increment
 * that they know of. All are killed again and again at a random moment after such a line.
 * One that is blocked by what a killed one left behind never prints a line: the test's own time limit ends that.
 *
 * @param script what a writer runs with `args` and its name
 */
export async function noIncrementIsLost(
  records: Records,
  names: readonly string[],
  script: string,
  args: readonly string[],
): Promise<void> {
  const known = await Promise.all(names.map((name) => killAgainAndAgain(script, [...args, name])));
  const seen = await records.read('count.json');
  assert.ok(seen !== null && typeof seen.value === 'object');
  const counts = new Map(Object.entries({ ...seen.value } as Record<string, number>));
  const sum = names.reduce((all, name) => all + (counts.get(name) ?? 0), 0);
  assert.equal(counts.get('total'), sum, 'each increment is in the total');
  names.forEach((name, index) => {
    assert.ok((counts.get(name) ?? 0) >= (known[index] ?? 0), `${name} lost an increment`);
  });
}

/** The highest number that a writer has printed. */
async function killAgainAndAgain(script: string, args: readonly string[]): Promise<number> {
  let known = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
    const closed = once(child, 'close');
    await Promise.race([once(child.stdout, 'data'), closed]);
    const timer = setTimeout(() => child.kill('SIGKILL'), Math.random() * 400);
    const [code, signal] = await closed;
    clearTimeout(timer);
    assert.equal(signal, 'SIGKILL', `${args.at(-1)} ended by itself with ${code}`);
    // The last line may have been cut by the kill.
    for (const own of output.split('\n').slice(0, -1).map(Number)) {
      assert.ok(own > known, `${args.at(-1)} counted to ${known}, then to ${own}: an increment was lost`);
      known = own;
    }
  }
  return known;
}
