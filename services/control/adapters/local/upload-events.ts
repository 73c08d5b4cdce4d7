import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Command } from '../../core/command.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Records } from '../../ports/records.ts';
import type { Ticker } from '../../ports/ticker.ts';
import { isSceneFileName } from './scene-names.ts';
import { HOLD_STILL_MS } from './scenes.ts';
import { walkFiles } from './walk-files.ts';
import { watchScenes } from './watch.ts';

interface Options {
  readonly scenesDir: string;
  readonly records: Records;
  readonly ticker: Ticker;
  readonly onError: (error: unknown) => void;
}

/** A file counts as whole only when it has held still; it is told a little after that. */
const TELL_AFTER_MS = HOLD_STILL_MS + 300;

/**
 * What a bucket's notification is in the cloud: tells of each file that was written into the scenes folder, once it holds
 * still. Also of those that came just before: the first listing leaves out what may not be whole, and nobody else would
 * look again so soon.
 */
export function tellUploads({ scenesDir, records, ticker, onError }: Options): { stop(): void } {
  const timers = new Map<string, NodeJS.Timeout>();

  async function tell(path: string): Promise<void> {
    timers.delete(path);
    const command: Command = { kind: 'uploaded', path, generation: null };
    await records.create(`commands/w${randomUUID()}.json`, command);
    await ticker.kick();
  }

  function tellSoon(path: string): void {
    clearTimeout(timers.get(path));
    timers.set(
      path,
      setTimeout(() => tell(path).catch(onError), TELL_AFTER_MS),
    );
  }

  async function tellYoungFiles(since: EpochMs): Promise<void> {
    for await (const { path, file } of walkFiles({ dir: scenesDir, under: '', isWanted: isSceneFileName })) {
      const found = await stat(file).catch(() => null);
      if (isStopped) return;
      if (found !== null && Math.max(found.mtimeMs, found.ctimeMs) > since) tellSoon(path);
    }
  }

  let isStopped = false;
  const watch = watchScenes({
    dir: scenesDir,
    onChange: (path) => {
      if (path !== null) tellSoon(path);
    },
  });
  tellYoungFiles(Date.now() - TELL_AFTER_MS).catch(onError);
  return {
    stop: () => {
      isStopped = true;
      watch.stop();
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
