import { bar, durationText, sizeText } from '../terminal-text.ts';
import type { SendProgress } from './send-files.ts';

const BAR_WIDTH = 24;
const DRAW_EVERY_MS = 200;
/** Without a terminal, a line for each so many per cent. */
const STEP_PERCENT = 10;

/** Shows how far the sending is: one line that is drawn anew on a terminal, else a line now and then. */
export function createSendBar(out: NodeJS.WriteStream): {
  show(progress: SendProgress): void;
  done(known: number): void;
} {
  const startedAt = Date.now();
  let first: number | null = null;
  let drawnAt = 0;
  let step = -1;
  let last: SendProgress | null = null;
  return {
    show(progress) {
      last = progress;
      first ??= progress.bytesDone;
      const now = Date.now();
      if (out.isTTY && now - drawnAt >= DRAW_EVERY_MS) {
        drawnAt = now;
        out.write(`\r\u001b[0K${lineOf(progress, first, now - startedAt)}`);
      }
      const reached = Math.floor((100 * shareOf(progress)) / STEP_PERCENT);
      if (!out.isTTY && reached > step) {
        step = reached;
        out.write(`${lineOf(progress, first, now - startedAt)}\n`);
      }
    },
    done(known) {
      if (out.isTTY) out.write('\r\u001b[0K');
      if (last === null) return;
      const had = known === 0 ? '' : ` (${known} of them were there already)`;
      out.write(`${last.files === 1 ? '1 file is' : `${last.files} files are`} in the bucket${had}.\n`);
    },
  };
}

function lineOf(progress: SendProgress, first: number, ms: number): string {
  const { bytesDone, bytes, filesDone, files } = progress;
  const perSecond = ((bytesDone - first) * 1000) / Math.max(1, ms);
  const left = perSecond > 0 ? `, about ${durationText((bytes - bytesDone) / perSecond)} left` : '';
  const speed = perSecond > 0 ? `, ${sizeText(perSecond)}/s` : '';
  return `${bar(shareOf(progress), BAR_WIDTH)} ${sizeText(bytesDone)} of ${sizeText(bytes)}, ${filesDone} of ${files} files${speed}${bytesDone < bytes ? left : ''}`;
}

function shareOf({ bytesDone, bytes }: SendProgress): number {
  return bytes === 0 ? 1 : bytesDone / bytes;
}
