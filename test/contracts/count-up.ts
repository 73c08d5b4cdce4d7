import { isPortError } from '../../services/control/ports/errors.ts';
import type { Records } from '../../services/control/ports/records.ts';

/** What a writer of killed-writers.ts does until it is killed: its own number and the total go up by one. */
export async function countUp(records: Records, name: string): Promise<never> {
  for (;;) {
    try {
      await increment(records, name);
    } catch (error) {
      if (!isPortError(error, 'conflict', 'transient')) throw error;
    }
  }
}

async function increment(records: Records, name: string): Promise<void> {
  const seen = await records.read('count.json');
  const counts = countsOf(seen?.value);
  const own = (counts[name] ?? 0) + 1;
  const next = { ...counts, [name]: own, total: (counts.total ?? 0) + 1 };
  if (seen === null) await records.create('count.json', next);
  else await records.replace('count.json', next, seen.generation);
  process.stdout.write(`${own}\n`);
}

function countsOf(value: unknown): Record<string, number> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
