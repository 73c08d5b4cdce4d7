import { useEffect, useRef, useState } from 'preact/hooks';
import { problemText } from './api.ts';
import { type Dropped, filesOfDrop, filesOfInput } from './send/dropped.ts';
import type { Project } from './send/project.ts';
import { SendBoard } from './send/send-board.tsx';
import { SendProgress } from './send/send-progress.tsx';
import { tellProgress, useProgress } from './send/sending.ts';

type Reading =
  | { readonly state: 'empty' }
  | { readonly state: 'reading'; readonly what: string }
  | { readonly state: 'read'; readonly project: Project }
  | { readonly state: 'failed'; readonly problem: string };

/** Sending a project: dropped or chosen, read here before a byte is sent, then sent. */
export function Send() {
  const [reading, setReading] = useState<Reading>({ state: 'empty' });
  const [isOver, setIsOver] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const progress = useProgress();
  const isSending = progress !== null && (progress.phase === 'comparing' || progress.phase === 'sending');

  async function take(files: Promise<Dropped> | Dropped): Promise<void> {
    location.hash = '#/send';
    // How the last one ended says nothing of this one.
    tellProgress(null);
    setReading({ state: 'reading', what: 'the folder' });
    try {
      const found = await files;
      // The reader and the rules of admission are only loaded by those who send.
      const { readProject } = await import('./send/project.ts');
      const project = await readProject(found, (path) => setReading({ state: 'reading', what: path }));
      setReading({ state: 'read', project });
      heading.current?.focus();
    } catch (error) {
      setReading({ state: 'failed', problem: problemText(error) });
    }
  }

  useDropAnywhere({ onOver: setIsOver, onDrop: take, isRefused: isSending });
  useWarningBeforeLeaving(isSending);

  return (
    <section class="send" aria-labelledby="send-title">
      <a class="back" href="#/">
        ← All shots
      </a>
      <h1 id="send-title" ref={heading} tabIndex={-1}>
        Send a shot
      </h1>
      {isOver && (
        <div class="drop-here" aria-hidden="true">
          <p>Drop the project here</p>
        </div>
      )}
      {progress !== null && <SendProgress progress={progress} />}
      {!isSending && <Chooser onFiles={take} isSmall={reading.state === 'read'} />}
      <div role="status">
        {reading.state === 'reading' && <p class="nothing">Reading {reading.what}…</p>}
        {reading.state === 'failed' && <p class="notice">{reading.problem}</p>}
      </div>
      {reading.state === 'read' && (
        <SendBoard key={reading.project} project={reading.project} isSending={isSending} />
      )}
    </section>
  );
}

interface ChooserProps {
  readonly onFiles: (files: Dropped) => void;
  readonly isSmall: boolean;
}

function Chooser({ onFiles, isSmall }: ChooserProps) {
  const folder = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLInputElement>(null);
  // No type knows it, all browsers do.
  useEffect(() => folder.current?.setAttribute('webkitdirectory', ''), []);
  const chosen = (event: { currentTarget: HTMLInputElement }) => {
    const { files: list } = event.currentTarget;
    if (list !== null && list.length > 0) onFiles(filesOfInput(list));
    // The same folder may be chosen again, with what was missing.
    event.currentTarget.value = '';
  };
  return (
    <div class={isSmall ? 'chooser small' : 'chooser'}>
      {!isSmall && (
        <>
          <p class="big">Drop a project folder anywhere on this page.</p>
          <p class="soft">
            The .blend is read here, in your browser, with everything that it refers to. You see what is
            missing before a byte is sent.
          </p>
        </>
      )}
      <div class="actions">
        <button type="button" class={isSmall ? '' : 'primary'} onClick={() => folder.current?.click()}>
          {isSmall ? 'Choose another folder' : 'Choose a folder'}
        </button>
        <button type="button" onClick={() => files.current?.click()}>
          Choose files
        </button>
      </div>
      <input ref={folder} type="file" multiple hidden aria-label="A project folder" onChange={chosen} />
      <input ref={files} type="file" multiple hidden aria-label="Files of a project" onChange={chosen} />
    </div>
  );
}

interface DropHandlers {
  readonly onOver: (isOver: boolean) => void;
  readonly onDrop: (files: Promise<Dropped>) => void;
  readonly isRefused: boolean;
}

function useDropAnywhere({ onOver, onDrop, isRefused }: DropHandlers): void {
  useEffect(() => {
    const isOfFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const over = (event: DragEvent) => {
      if (!isOfFiles(event)) return;
      event.preventDefault();
      if (!isRefused) onOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) onOver(false);
    };
    const drop = (event: DragEvent) => {
      if (!isOfFiles(event) || event.dataTransfer === null) return;
      event.preventDefault();
      onOver(false);
      if (!isRefused) onDrop(filesOfDrop(event.dataTransfer));
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  });
}

function useWarningBeforeLeaving(isSending: boolean): void {
  useEffect(() => {
    if (!isSending) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [isSending]);
}
