import { useEffect, useState } from 'preact/hooks';

/** How far what is being sent has come. */
export interface Progress {
  readonly phase: 'comparing' | 'sending' | 'done' | 'failed';
  readonly filesTotal: number;
  readonly filesDone: number;
  /** Files that the bucket had already. */
  readonly filesSkipped: number;
  readonly bytesTotal: number;
  readonly bytesSent: number;
  readonly bytesPerSecond: number;
  readonly isConnected: boolean;
  /** What is being sent right now. */
  readonly current: readonly string[];
  readonly problem: string | null;
  /** Shots that were handed over. */
  readonly shots: readonly string[];
}

let now: Progress | null = null;
const watchers = new Set<(progress: Progress | null) => void>();

/** What is sent goes on while other views of the page are open, so it is kept outside of them. */
export function tellProgress(progress: Progress | null): void {
  now = progress;
  for (const watcher of watchers) watcher(progress);
}

export function useProgress(): Progress | null {
  const [progress, setProgress] = useState(now);
  useEffect(() => {
    watchers.add(setProgress);
    setProgress(now);
    return () => {
      watchers.delete(setProgress);
    };
  }, []);
  return progress;
}

/** Per cent of what is being sent; `null` = nothing is. */
export function useSending(): number | null {
  const progress = useProgress();
  if (progress === null || progress.phase === 'done' || progress.phase === 'failed') return null;
  return progress.bytesTotal === 0 ? 0 : Math.floor((100 * progress.bytesSent) / progress.bytesTotal);
}
