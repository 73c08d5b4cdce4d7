import { CHECK_TASK } from './chunks.ts';
import { type Draft, moveRun, type Sight, updateRun } from './draft.ts';
import type { CheckFinding, RunObserved } from './model.ts';
import { ALLOW_SCRIPTS } from './needs-scripts.ts';
import { parkRun } from './park.ts';
import { type RunRecord, rendersFolder } from './run.ts';

/**
 * Ends the run, or sends it back to wait, with what its check said, if that was an error. Flamenco fails a job of up to ten
 * tasks with its first failed one, so this is asked of jobs that have ended, too.
 */
export function endByCheck(sight: Sight, draft: Draft, run: RunRecord, seen: RunObserved): boolean {
  const error =
    seen.findings === null || seen.findings === 'unknown'
      ? undefined
      : seen.findings.find((finding) => finding.level === 'error');
  if (error !== undefined) {
    endWith(sight, draft, run, error);
    return true;
  }
  const problem = run.check === 'pending' ? whyUnwritable(seen) : null;
  if (problem === null) return false;
  moveRun(sight, draft, run, 'failed', {
    code: 'folderUnwritable',
    message: `The folder of its frames, ${rendersFolder(run)} in the renders bucket, cannot be written to: ${problem}.`,
    action: 'Take away what stands in its place, or make room; then render again.',
  });
  return true;
}

function endWith(sight: Sight, draft: Draft, run: RunRecord, { code, message, action }: CheckFinding): void {
  const reason = { code, message, action };
  // A person can allow them, and it goes on: unless they are on already and were not enough.
  const canBeAllowed = code === 'needsScripts' && run.settings?.scripts.value === false;
  if (!canBeAllowed) {
    moveRun(sight, draft, run, 'rejected', reason);
    return;
  }
  const asked = { ...reason, action: ALLOW_SCRIPTS };
  parkRun(sight, draft, updateRun(draft, run, { scriptsNeeded: asked }), asked);
}

/** The kit cannot write its findings where nothing can be written: it says so in the log of its task. */
const UNWRITABLE = /tablao: cannot write to the folder of the frames: (.+)/;

function whyUnwritable({ tasks, logs }: RunObserved): string | null {
  if (tasks === 'unknown') return null;
  const check = tasks.find(({ name, status }) => name === CHECK_TASK && status === 'failed');
  return UNWRITABLE.exec(logs[check?.id ?? ''] ?? '')?.[1]?.trim() ?? null;
}
