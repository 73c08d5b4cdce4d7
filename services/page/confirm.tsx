import { useEffect, useRef } from 'preact/hooks';

export interface Question {
  readonly title: string;
  /** What it would cost or lose, each as a sentence. */
  readonly lines: readonly string[];
  /** What the button says that does it. */
  readonly verb: string;
  readonly isDangerous?: boolean;
}

interface Props {
  readonly question: Question;
  readonly onAnswer: (isYes: boolean) => void;
}

/** Asks before something is lost or paid for. Escape means no. */
export function Confirm({ question, onAnswer }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog class="ask" ref={dialog} aria-labelledby="ask-title" onClose={() => onAnswer(false)}>
      <h2 id="ask-title">{question.title}</h2>
      {question.lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
      <div class="actions">
        <button type="button" onClick={() => onAnswer(false)}>
          No, leave it
        </button>
        <button
          type="button"
          class={question.isDangerous === true ? 'danger' : 'primary'}
          onClick={() => onAnswer(true)}
        >
          {question.verb}
        </button>
      </div>
    </dialog>
  );
}
