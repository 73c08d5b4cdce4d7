import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { Question } from './confirm.tsx';

/** What every part of the page can do. */
export interface Desk {
  /** The service's time. */
  now(): number;
  /** Sends what a button means; what the service has to say against it is shown. True = it was taken. */
  act(path: string, body?: unknown): Promise<boolean>;
  /** Something is about to change: looks at once, and often for a while. */
  expect(): void;
  /** Asks a person first. */
  isSure(question: Question): Promise<boolean>;
}

export const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (desk === null) throw new Error('outside of the page');
  return desk;
}

/** The time, again and again. */
export function useNow(everyMs: number): number {
  const desk = useDesk();
  const [now, setNow] = useState(desk.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(desk.now()), everyMs);
    return () => clearInterval(timer);
  }, [desk, everyMs]);
  return now;
}

/** The part of the address after `#/`, decoded: `['shot', 'r1']`. */
export function useRoute(): readonly string[] {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return hash
    .replace(/^#\/?/, '')
    .split('/')
    .map((part) => decode(part));
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
