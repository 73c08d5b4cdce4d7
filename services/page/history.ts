import { useEffect, useRef, useState } from 'preact/hooks';
import type { StatusDocument } from '../control/core/status-document.ts';
import { get } from './api.ts';

/** How the pool and the money stood at one moment. */
export interface Sample {
  readonly at: number;
  /** Frames that nobody works on yet. */
  readonly waiting: number;
  /** Workers ordered, in whatever state. */
  readonly ordered: number;
  readonly booting: number;
  readonly busy: number;
  readonly idle: number;
  /** Spent on that day so far. */
  readonly today: number;
}

interface Written {
  readonly samples: readonly (Omit<Sample, 'at'> & { readonly at: string })[];
}

function sampleOf({ asOf, runs, pools, money }: StatusDocument): Sample {
  const sum = (count: (pool: StatusDocument['pools'][number]) => number) =>
    pools.reduce((all, pool) => all + count(pool), 0);
  const waiting = runs
    .filter(({ state }) => state === 'queued' || state === 'rendering')
    .reduce((all, { frames }) => all + Math.max(0, frames.total - frames.done - frames.active), 0);
  return {
    at: Date.parse(asOf),
    waiting,
    ordered: sum(({ booting, busy, idle, draining }) => booting + busy + idle + draining),
    booting: sum(({ booting }) => booting),
    busy: sum(({ busy, draining }) => busy + draining),
    idle: sum(({ idle }) => idle),
    today: money.today,
  };
}

/** Sorted by time, one a moment; the later word counts. */
function mergeSamples(...lists: readonly (readonly Sample[])[]): readonly Sample[] {
  const byTime = new Map(lists.flat().map((sample) => [sample.at, sample]));
  return [...byTime.values()].sort((a, b) => a.at - b.at);
}

const MOST = 2000;
const READ_AGAIN_MS = 120_000;

/** What was written down, and what this page has seen since. */
export function useHistory(status: StatusDocument): readonly Sample[] {
  const [written, setWritten] = useState<readonly Sample[]>([]);
  const seen = useRef<readonly Sample[]>([]);
  const sample = sampleOf(status);
  if (seen.current.at(-1)?.at !== sample.at) seen.current = [...seen.current, sample].slice(-MOST);
  useEffect(() => {
    const read = () => {
      get<Written>('/status/history').then(
        ({ samples }) => setWritten(samples.map((one) => ({ ...one, at: Date.parse(one.at) }))),
        // It is looked at again, and what this page has seen is shown meanwhile.
        () => {},
      );
    };
    read();
    const timer = setInterval(read, READ_AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  return mergeSamples(written, seen.current);
}
