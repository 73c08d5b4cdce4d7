import { useState } from 'preact/hooks';
import type { RunStatus } from '../control/core/status-document.ts';
import { AgainDialog } from './again-dialog.tsx';
import { useDesk } from './desk.ts';
import { renderUrl } from './format.ts';
import { lostByCancel } from './glance.ts';
import { ACTION_TEXTS, actionsOf, type RunAction } from './run-words.ts';

interface Props {
  readonly run: RunStatus;
  /** Its frames are on screen already. */
  readonly isOpened?: boolean;
}

/** What can be done with a run, as buttons. */
export function RunActions({ run, isOpened = false }: Props) {
  const { act, isSure } = useDesk();
  const [isAgainOpen, setIsAgainOpen] = useState(false);
  const [isBusy, setIsBusy] = useState(false);

  async function doIt(action: RunAction): Promise<void> {
    if (action === 'again') {
      setIsAgainOpen(true);
      return;
    }
    if (action === 'cancel' && !(await isSure(cancelQuestion(run)))) return;
    if (action === 'allow-scripts' && !(await isSure(scriptsQuestion(run)))) return;
    setIsBusy(true);
    await act(`/runs/${run.id}/${action}`);
    setIsBusy(false);
  }

  const hasFrames = !isOpened && run.version !== null && run.frames.done > 0;
  return (
    <div class="actions">
      {actionsOf(run).map((action, index) => (
        <button
          type="button"
          key={action}
          class={index === 0 && action !== 'cancel' && action !== 'again' ? 'primary' : ''}
          disabled={isBusy}
          aria-label={`${ACTION_TEXTS[action]}: ${run.shot}`}
          onClick={() => doIt(action)}
        >
          {ACTION_TEXTS[action]}
        </button>
      ))}
      {hasFrames && (
        <a class="button" href={`#/shot/${run.id}`} aria-label={`Frames of ${run.shot}`}>
          Frames
        </a>
      )}
      {run.state === 'completed' && run.version !== null && (
        <a
          class="button"
          href={renderUrl(`${run.shot}/${run.version}/preview.mp4`)}
          download={`${run.shot.replaceAll('/', '_')}_${run.version}.mp4`}
          aria-label={`Fetch the video of ${run.shot}`}
        >
          Video ↓
        </a>
      )}
      {isAgainOpen && <AgainDialog run={run} onClose={() => setIsAgainOpen(false)} />}
    </div>
  );
}

function cancelQuestion(run: RunStatus) {
  return { title: `Cancel ${run.shot}?`, lines: lostByCancel(run), verb: 'Cancel it', isDangerous: true };
}

function scriptsQuestion(run: RunStatus) {
  return {
    title: `Let ${run.shot} run its own Python?`,
    lines: [
      'The file has scripts or scripted drivers. They run with the rights of the workers, so allow them only for files that you trust.',
      'It is allowed for this run only.',
    ],
    verb: 'Allow them',
  };
}
