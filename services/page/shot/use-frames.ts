import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { formatFrames } from '../../control/core/frames.ts';
import type { FrameRecord } from '../../control/http/frames.ts';
import { get } from '../api.ts';

const LOOK_AGAIN_MS = 3000;
/** So many frames are asked for at once; the service takes 500. */
export const BLOCK = 100;

export interface Frames {
  readonly records: ReadonlyMap<number, FrameRecord>;
  /** Block number `index` of the run's frames is on screen (or not any more). */
  watch(index: number, isOnScreen: boolean): void;
}

/** Reads the records of the frames that are on screen, again and again while the run goes on. */
export function useFrames(runId: string, frames: readonly number[], isOver: boolean): Frames {
  const [records, setRecords] = useState<ReadonlyMap<number, FrameRecord>>(new Map());
  const onScreen = useRef(new Set<number>());
  const known = useRef(records);
  known.current = records;

  const read = useCallback(
    async (index: number) => {
      const wanted = frames
        .slice(index * BLOCK, (index + 1) * BLOCK)
        .filter((frame) => known.current.get(frame)?.state !== 'done');
      if (wanted.length === 0) return;
      try {
        const path = `/status/runs/${runId}/frames?frames=${formatFrames(wanted)}`;
        const answer = await get<{ readonly frames: readonly FrameRecord[] }>(path);
        if (answer.frames.length === 0) return;
        setRecords(
          (before) => new Map([...before, ...answer.frames.map((one) => [one.frame, one] as const)]),
        );
      } catch {
        // The top of the page says that the service does not answer; what is known stays.
      }
    },
    [runId, frames],
  );

  useEffect(() => {
    const look = () => {
      for (const index of onScreen.current) void read(index);
    };
    look();
    if (isOver) return;
    const timer = setInterval(look, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [read, isOver]);

  const watch = useCallback(
    (index: number, isOnScreen: boolean) => {
      if (!isOnScreen) onScreen.current.delete(index);
      else {
        onScreen.current.add(index);
        void read(index);
      }
    },
    [read],
  );
  return { records, watch };
}
