import type { Message } from '../../services/control/core/outbox.ts';
import type { Messenger } from '../../services/control/ports/messenger.ts';
import { Fake } from './fake.ts';

/** A receiver that keeps what it was sent. */
export class FakeMessenger extends Fake<Messenger> implements Messenger {
  /** Everything that reached it, repeats included. */
  readonly got: Message[] = [];
  /** While it is there nothing is answered. */
  hanging: Promise<void> | null = null;

  send(message: Message): Promise<void> {
    return this.answer('send', [message], async () => {
      await this.hanging;
      this.got.push(message);
    });
  }

  /** What a receiver that drops repeats has been told, in order. */
  told(): readonly Message[] {
    return [...new Map(this.got.map((message) => [message.id, message])).values()];
  }

  types(): readonly string[] {
    return this.told().map(({ type }) => type);
  }
}
