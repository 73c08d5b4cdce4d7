import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { post, problemText } from './api.ts';
import { Confirm, type Question } from './confirm.tsx';
import { type Desk, DeskContext, useRoute } from './desk.ts';
import { Home } from './home.tsx';
import { NOTHING_SEEN, type Seen, type Watch, watchStatus } from './live.ts';
import { Send } from './send.tsx';
import { ShotView } from './shot/shot-view.tsx';
import { SignedOut } from './signed-out.tsx';
import { TopBar } from './top-bar.tsx';

interface Asked {
  readonly question: Question;
  readonly answer: (isYes: boolean) => void;
}

/** The whole page: what is seen of the service, and which of its views is open. */
export function App() {
  const [seen, setSeen] = useState<Seen>(NOTHING_SEEN);
  const [notice, setNotice] = useState<string | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const watch = useRef<Watch | null>(null);
  const offset = useRef(0);
  offset.current = seen.clockOffset;
  const [view = '', id = ''] = useRoute();

  useEffect(() => {
    watch.current = watchStatus(setSeen);
    return () => watch.current?.stop();
  }, []);

  // Answers and notices belong to the view that they were given in.
  useEffect(() => setNotice(null), [view, id]);

  const act = useCallback(async (path: string, body?: unknown) => {
    try {
      await post(path, body);
      setNotice(null);
      return true;
    } catch (error) {
      setNotice(problemText(error));
      return false;
    } finally {
      watch.current?.expect();
    }
  }, []);

  const isSure = useCallback(
    (question: Question) =>
      new Promise<boolean>((resolve) => {
        const asks: Asked = {
          question,
          answer: (isYes) => {
            // A dialog tells that it was closed a moment later, when the next question may be there already.
            setAsked((now) => (now === asks ? null : now));
            resolve(isYes);
          },
        };
        setAsked(asks);
      }),
    [],
  );

  const desk = useMemo<Desk>(
    () => ({
      now: () => Date.now() + offset.current,
      act,
      expect: () => watch.current?.expect(),
      isSure,
    }),
    [act, isSure],
  );

  const isOut = seen.connection === 'out';
  return (
    <DeskContext.Provider value={desk}>
      <TopBar seen={seen} view={view} />
      <main id="main">
        {notice !== null && (
          <p class="notice" role="alert">
            {notice}
            <button
              type="button"
              class="quiet"
              aria-label="Close the message"
              onClick={() => setNotice(null)}
            >
              ×
            </button>
          </p>
        )}
        {/* Kept while other views are open: what is being sent goes on. */}
        <div hidden={view !== 'send'}>
          <Send />
        </div>
        {isOut && <SignedOut />}
        {!isOut && view === 'shot' && <ShotView id={id} status={seen.status} />}
        {!isOut && view !== 'send' && view !== 'shot' && <Home status={seen.status} />}
      </main>
      {asked !== null && <Confirm key={asked} question={asked.question} onAnswer={asked.answer} />}
    </DeskContext.Provider>
  );
}
