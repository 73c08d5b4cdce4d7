let current: AbortController | null = null;

/** Only one project is sent at a time. */
export function beginSending(): AbortSignal {
  current = new AbortController();
  return current.signal;
}

export function stopSending(): void {
  current?.abort();
}
