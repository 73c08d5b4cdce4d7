/** Flamenco: internal/worker/log_chunker.go. */
const flushBytes = 10_240;

/** Gathers lines of a task's log and hands them over in chunks. */
export interface LogChunker {
  readonly append: (line: string) => Promise<void>;
  readonly flush: () => Promise<void>;
}

export interface LogChunkerOptions {
  readonly flushAfterMs: number;
  readonly now: () => number;
  readonly send: (text: string) => Promise<void>;
}

/**
 * Hands over at more than 10 KiB, or with the first line after `flushAfterMs`. Other than Flamenco's it does not wait for
 * another line for ever: what a program said before it hung is what people need to see.
 */
export function createLogChunker({ flushAfterMs, now, send }: LogChunkerOptions): LogChunker {
  let buffer = '';
  let lastFlush = now();
  let timer: NodeJS.Timeout | undefined;
  const flush = async () => {
    clearTimeout(timer);
    timer = undefined;
    if (buffer === '') return;
    const text = buffer;
    buffer = '';
    lastFlush = now();
    await send(text);
  };
  return {
    append: async (line) => {
      buffer += `${line}\n`;
      if (Buffer.byteLength(buffer) > flushBytes || now() - lastFlush > flushAfterMs) await flush();
      // A manager that refuses it will refuse the next line too, which tells the task.
      else timer ??= setTimeout(() => void flush().catch(() => {}), flushAfterMs).unref();
    },
    flush,
  };
}
