import type { Message } from '../core/outbox.ts';

/** Tells people outside. */
export interface Messenger {
  /**
   * Sends one message and resolves when the receiver has taken it; never tries again by itself, and is done within 5 s. When
   * it throws, the receiver may have got it all the same. `PortError('invalid')` = it will never take this message;
   * `'denied'` = it takes none until a person changes something; `'transient'` = it was not to be had.
   */
  send(message: Message): Promise<void>;
}
