import { plainText } from '../control/core/plain-text.ts';
import type { RunStatus, StatusDocument } from '../control/core/status-document.ts';
import type { EpochMs } from '../control/core/time.ts';
import { isHistory, nameOf, progressLines, reasonLines } from './progress-lines.ts';

export interface ProgressOptions {
  readonly out: NodeJS.WritableStream & { readonly columns?: number; readonly rows?: number };
  readonly isTTY: boolean;
  readonly now: () => EpochMs;
}

/** Shows people at a terminal how it goes. */
export interface Progress {
  show(status: StatusDocument): void;
  /** Leaves the last picture standing and writes no more. */
  done(): void;
}

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;
/** Without a terminal, a line for each so many per cent. */
const STEP_PERCENT = 10;

/** On a terminal: bars that are redrawn in place. Otherwise (a log, CI): one short line for each change. */
export function createProgress(options: ProgressOptions): Progress {
  return options.isTTY ? createBars(options) : createLines(options);
}

function createBars({ out, now }: ProgressOptions): Progress {
  const watchedSince = now();
  let drawn = 0;
  let isDone = false;
  return {
    show(status) {
      if (isDone) return;
      // Lines that wrap or scroll off could not be redrawn: the cursor would come back too low.
      const width = (out.columns ?? DEFAULT_COLUMNS) - 1;
      const rows = Math.max(1, (out.rows ?? DEFAULT_ROWS) - 1);
      const lines = progressLines(status, watchedSince, width).slice(-rows);
      const back = drawn === 0 ? '' : `\u001b[${drawn}A`;
      out.write(`${back}\r\u001b[0J${lines.join('\n')}\n`);
      drawn = lines.length;
    },
    done() {
      isDone = true;
    },
  };
}

function createLines({ out, now }: ProgressOptions): Progress {
  const watchedSince = now();
  const told = new Map<string, string>();
  let isDone = false;
  const tell = (key: string, what: string, text: string): void => {
    if (told.get(key) === what) return;
    told.set(key, what);
    out.write(`${new Date(now()).toISOString().slice(11, 19)} ${text}\n`);
  };
  return {
    show(status) {
      if (isDone) return;
      tell('farm', status.farm.stage, `farm ${status.farm.stage}: ${plainText(status.sentence)}`);
      for (const run of status.runs)
        if (!isHistory(run, watchedSince)) tell(run.id, stepOf(run), lineOf(run));
    },
    done() {
      isDone = true;
    },
  };
}

/** Changes when there is something to tell. */
function stepOf(run: RunStatus): string {
  const { total, done, failed } = run.frames;
  const percent = total === 0 ? 0 : Math.floor((done / total) * 100);
  const step = Math.floor(percent / STEP_PERCENT);
  const reason = reasonLines(run).length === 0 ? '' : (run.reason?.code ?? '');
  return [run.state, reason, run.version ?? '', step, failed].join('/');
}

function lineOf(run: RunStatus): string {
  const { total, done, failed } = run.frames;
  const counts = total === 0 ? '' : ` ${done}/${total} frames`;
  const troubles = failed === 0 ? '' : `, ${failed} failed`;
  const reasons = reasonLines(run).join(' ');
  return `${nameOf(run)}: ${run.state}${counts}${troubles}${reasons === '' ? '' : ` - ${reasons}`}`;
}
