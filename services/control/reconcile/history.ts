import { type PoolSample, sampleOf } from '../core/pool-sample.ts';
import type { StatusDocument } from '../core/status-document.ts';
import { isPortError } from '../ports/errors.ts';
import type { Records } from '../ports/records.ts';

interface Written {
  readonly schema: 1;
  readonly samples: readonly PoolSample[];
}

const NAME = 'history.json';
const WHILE_MOVING_MS = 20_000;
const AT_REST_MS = 10 * 60_000;
/** About 90 kB. */
const MOST_SAMPLES = 720;

/**
 * `state/history.json`, what the page draws over time: a sample now and then, the older half ever more thinly. It only
 * tells: what cannot be written breaks no pass, and a service that was killed leaves a gap.
 */
export function createHistory(records: Records): { add(status: StatusDocument): Promise<void> } {
  let samples: readonly PoolSample[] | null = null;

  async function add(status: StatusDocument): Promise<void> {
    samples ??= ((await records.read(NAME))?.value as Written | undefined)?.samples ?? [];
    const sample = sampleOf(status);
    const last = samples.at(-1);
    if (last !== undefined && !isDue(last, sample)) return;
    samples = thinned([...samples, sample]);
    await records.overwrite(NAME, { schema: 1, samples } satisfies Written);
  }

  return {
    add: async (status) => {
      try {
        await add(status);
      } catch (error) {
        if (!isPortError(error)) throw error;
      }
    },
  };
}

function isDue(last: PoolSample, sample: PoolSample): boolean {
  const passed = Date.parse(sample.at) - Date.parse(last.at);
  const isSame = JSON.stringify({ ...last, at: '' }) === JSON.stringify({ ...sample, at: '' });
  return passed >= (isSame ? AT_REST_MS : WHILE_MOVING_MS);
}

/** Beyond the most, every second one of the older half goes. */
function thinned(samples: readonly PoolSample[]): readonly PoolSample[] {
  if (samples.length <= MOST_SAMPLES) return samples;
  const half = samples.length / 2;
  return samples.filter((_, index) => index > half || index % 2 === 0);
}
