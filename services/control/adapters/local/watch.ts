import { type FSWatcher, mkdirSync, watch } from 'node:fs';
import { sep } from 'node:path';

interface Options {
  readonly dir: string;
  /** Something changed at this path (inside the folder, `/`-separated); `null` = somewhere. Often told twice. */
  readonly onChange: (path: string | null) => void;
}

/** A watch that failed is set up anew after so long. */
const TRY_AGAIN_MS = 5000;

/**
 * Tells of changes in a folder and below, as a hint: some may be missed (network disks tell nothing at all), so whoever
 * listens looks for himself now and then. Survives folders that come and go, the watched one too.
 */
export function watchScenes({ dir, onChange }: Options): { stop(): void } {
  let watcher: FSWatcher | null = null;
  let retry: NodeJS.Timeout | null = null;

  function start(): void {
    retry = null;
    try {
      mkdirSync(dir, { recursive: true });
      watcher = watch(dir, { recursive: true, persistent: false }, (_event, name) =>
        onChange(name === null ? null : name.split(sep).join('/')),
      );
      watcher.on('error', startAgainLater);
    } catch {
      startAgainLater();
    }
  }

  function startAgainLater(): void {
    watcher?.close();
    watcher = null;
    retry ??= setTimeout(start, TRY_AGAIN_MS).unref();
  }

  start();
  return {
    stop() {
      watcher?.close();
      if (retry !== null) clearTimeout(retry);
    },
  };
}
