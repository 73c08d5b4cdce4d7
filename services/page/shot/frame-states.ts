import { framesOf } from '../../control/core/frames.ts';
import type { RunRecord } from '../../control/core/run.ts';
import type { FrameRecord } from '../../control/http/frames.ts';
import { isFinal } from '../run-words.ts';

/** `rendered`: a worker says it is done; `proved`: its files were looked at, too. */
export type FrameState = 'waiting' | 'active' | 'rendered' | 'proved' | 'failed';

export interface FrameStates {
  readonly frames: readonly number[];
  stateOf(frame: number, record: FrameRecord | undefined): FrameState;
}

/** After so many goes nobody tries a frame again (core/troubles.ts). */
const MAX_ATTEMPTS = 3;

/** What is known of each frame of a run from its record, and from those of its frames that were read. */
export function frameStates(run: RunRecord): FrameStates {
  const proved = new Set(framesOf(run.proved));
  const given = new Set(
    run.troubles.filter(({ attempts }) => attempts >= MAX_ATTEMPTS).map(({ frame }) => frame),
  );
  const isOver = isFinal(run.state);
  return {
    frames: framesOf(run.frames ?? ''),
    stateOf: (frame, record) => {
      if (proved.has(frame)) return 'proved';
      if (given.has(frame)) return 'failed';
      if (record === undefined) return 'waiting';
      if (record.state === 'done') return 'rendered';
      if (record.state === 'failed') return 'failed';
      return isOver ? 'waiting' : 'active';
    },
  };
}

export const STATE_TEXTS: Readonly<Record<FrameState, string>> = {
  waiting: 'waiting',
  active: 'in work',
  rendered: 'rendered, not proved yet',
  proved: 'done and proved',
  failed: 'failed',
};
