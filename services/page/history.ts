import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type PoolSample, sampleOf } from '../control/core/pool-sample.ts';
import type { StatusDocument } from '../control/core/status-document.ts';
import { get } from './api.ts';

interface Written {
  readonly samples: readonly PoolSample[];
}

const MOST = 2000;
const READ_AGAIN_MS = 120_000;

/** What was written down, and what this page has seen since; sorted by time. */
export function useHistory(status: StatusDocument): readonly PoolSample[] {
  const [written, setWritten] = useState<readonly PoolSample[]>([]);
  const seen = useRef<readonly PoolSample[]>([]);
  if (seen.current.at(-1)?.at !== status.asOf)
    seen.current = [...seen.current, sampleOf(status)].slice(-MOST);
  useEffect(() => {
    const read = () => {
      get<Written>('/status/history').then(
        ({ samples }) => setWritten(samples),
        // It is asked for again, and what this page has seen is shown meanwhile.
        () => {},
      );
    };
    read();
    const timer = setInterval(read, READ_AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  const mine = seen.current;
  return useMemo(() => {
    const byTime = new Map([...written, ...mine].map((sample) => [sample.at, sample]));
    return [...byTime.values()].sort((a, b) => (a.at < b.at ? -1 : 1));
  }, [written, mine]);
}
