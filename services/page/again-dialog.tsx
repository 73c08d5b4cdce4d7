import { useEffect, useRef, useState } from 'preact/hooks';
import type { RunRecord } from '../control/core/run.ts';
import type { RunStatus } from '../control/core/status-document.ts';
import { get, post, problemText } from './api.ts';
import { useDesk } from './desk.ts';
import { plural } from './format.ts';
import { knownSettings } from './known-settings.ts';
import { settingsOf, type Typed } from './setting-fields.ts';
import { SettingsForm } from './settings-form.tsx';

interface Props {
  readonly run: RunStatus;
  readonly onClose: () => void;
  /** Frames chosen beforehand: `3,7-9`. */
  readonly frames?: string;
}

type Which = 'all' | 'failed' | 'some';

/** Render again: all, some or the failed frames, with other settings for this one run. */
export function AgainDialog({ run, onClose, frames = '' }: Props) {
  const { expect } = useDesk();
  const dialog = useRef<HTMLDialogElement>(null);
  const [record, setRecord] = useState<RunRecord | null>(null);
  const [which, setWhich] = useState<Which>(firstChoice(run, frames));
  const [some, setSome] = useState(frames);
  const [typed, setTyped] = useState<Typed>({});
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    dialog.current?.showModal();
    get<RunRecord>(`/status/runs/${run.id}`).then(setRecord, () => {});
  }, [run.id]);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    const wanted = which === 'failed' ? 'failed' : which === 'some' ? some.trim() : undefined;
    if (wanted === '') {
      setProblem('Say which frames, such as 3,7-9.');
      return;
    }
    try {
      await post(`/runs/${run.id}/again`, {
        ...settingsOf(typed),
        ...(wanted === undefined ? {} : { frames: wanted }),
      });
    } catch (error) {
      setProblem(problemText(error));
      return;
    }
    onClose();
    expect();
  }

  const choice = (value: Which, text: string) => (
    <label class="choice">
      <input type="radio" name="which" checked={which === value} onChange={() => setWhich(value)} />
      {text}
    </label>
  );
  return (
    <dialog class="ask wide" ref={dialog} aria-labelledby="again-title" onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id="again-title">Render {run.shot} again</h2>
        <p class="soft">
          {run.version === null
            ? 'As a new run.'
            : `Into ${run.version}: finished frames are replaced one by one. Settings count for this run only.`}
        </p>
        <fieldset class="which">
          <legend>Which frames</legend>
          {choice('all', 'All of them')}
          {run.frames.failed > 0 && choice('failed', `The ${plural(run.frames.failed, 'failed frame')}`)}
          {choice('some', 'Some:')}
          <input
            type="text"
            aria-label="Some frames"
            placeholder="3,7-9"
            value={some}
            onInput={(event) => {
              setSome(event.currentTarget.value);
              setWhich('some');
            }}
          />
        </fieldset>
        <SettingsForm
          typed={typed}
          onTyped={setTyped}
          known={knownSettings(record?.settings ?? null)}
          without={['frames']}
        />
        {problem !== null && (
          <p class="notice" role="alert">
            {problem}
          </p>
        )}
        <div class="actions">
          <button type="button" onClick={onClose}>
            Leave it
          </button>
          <button type="submit" class="primary">
            Render
          </button>
        </div>
      </form>
    </dialog>
  );
}

function firstChoice(run: RunStatus, frames: string): Which {
  if (frames !== '') return 'some';
  return run.frames.failed > 0 ? 'failed' : 'all';
}
