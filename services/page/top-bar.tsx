import { useNow } from './desk.ts';
import { agoText } from './format.ts';
import { isStale, type Seen } from './live.ts';
import { Me } from './me.tsx';
import { useSending } from './send/sending.ts';

interface Props {
  readonly seen: Seen;
  readonly view: string;
}

/** The name, how fresh what is shown is, and the way to send something. */
export function TopBar({ seen, view }: Props) {
  const sending = useSending();
  return (
    <header class="top">
      <button type="button" class="skip" onClick={skip}>
        Skip to the shots
      </button>
      <a class="brand" href="#/" aria-label="Tablao, to the shots">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M16 3 4 27h24z" class="beam" />
          <path d="M4 27h24v2.5H4z" class="floor" />
          <circle cx="16" cy="3.4" r="2.4" class="lamp" />
        </svg>
        Tablao
      </a>
      <Freshness seen={seen} />
      {seen.connection !== 'out' && <Me />}
      {view !== 'send' && (
        <a class="button primary" href="#/send">
          {sending === null ? 'Send a shot' : `Sending… ${sending} %`}
        </a>
      )}
    </header>
  );
}

function skip(): void {
  document.getElementById('main')?.querySelector<HTMLElement>('a, button, [tabindex]')?.focus();
}

function Freshness({ seen }: Pick<Props, 'seen'>) {
  const now = useNow(1000);
  const { status, connection } = seen;
  if (connection === 'out')
    return (
      <p class="fresh lost" role="status">
        <i aria-hidden="true" />
        Signed out
      </p>
    );
  if (status === null)
    return (
      <p class="fresh" role="status">
        {connection === 'lost' ? 'The service does not answer.' : 'Looking…'}
      </p>
    );
  const ago = agoText(status.asOf, now);
  if (connection === 'lost')
    return (
      <p class="fresh lost" role="status">
        <i aria-hidden="true" />
        Connection lost. Last seen {ago}; trying again.
      </p>
    );
  if (isStale(status, now))
    return (
      <p class="fresh lost" role="status">
        <i aria-hidden="true" />
        Last looked at {ago}: this may not be so any more.
      </p>
    );
  return (
    <p class={`fresh ${connection}`}>
      <i aria-hidden="true" />
      As of {ago}
    </p>
  );
}
