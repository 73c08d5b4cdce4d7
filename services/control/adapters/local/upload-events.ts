import { randomUUID } from 'node:crypto';
import type { Command } from '../../core/command.ts';
import type { Records } from '../../ports/records.ts';
import type { Ticker } from '../../ports/ticker.ts';
import { HOLD_STILL_MS } from './scenes.ts';
import { watchScenes } from './watch.ts';

interface Options {
  readonly scenesDir: string;
  readonly records: Records;
  readonly ticker: Ticker;
  readonly onError: (error: unknown) => void;
}

/** A file counts as whole only when it has held still; it is told a little after that. */
const TELL_AFTER_MS = HOLD_STILL_MS + 300;

/** What a bucket's notification is in the cloud: tells of each file that was written into the scenes folder, once it holds still. */
export function tellUploads({ scenesDir, records, ticker, onError }: Options): { stop(): void } {
  const timers = new Map<string, NodeJS.Timeout>();

  async function tell(path: string): Promise<void> {
    timers.delete(path);
    const command: Command = { kind: 'uploaded', path, generation: null };
    await records.create(`commands/w${randomUUID()}.json`, command);
    await ticker.kick();
  }

  const watch = watchScenes({
    dir: scenesDir,
    onChange: (path) => {
      if (path === null) return;
      clearTimeout(timers.get(path));
      timers.set(
        path,
        setTimeout(() => tell(path).catch(onError), TELL_AFTER_MS),
      );
    },
  });
  return {
    stop: () => {
      watch.stop();
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
