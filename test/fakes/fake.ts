import { PortError, type PortErrorCode } from '../../services/control/ports/errors.ts';

interface Call {
  readonly method: string;
  readonly args: readonly unknown[];
}

type Trouble =
  | { readonly kind: 'fail'; readonly code: PortErrorCode }
  | { readonly kind: 'timeOutAfterActing' };

/**
 * What every fake of a port shares: the record of its calls, and the trouble that a test has ordered.
 * `Port` is the port's interface, so that a misspelled method does not compile.
 */
export class Fake<Port> {
  /** Every call in order, failed ones included. */
  readonly calls: Call[] = [];
  /** Called before and after each call acts; it may throw, as if the caller had died just there. */
  onCall: ((when: 'before' | 'after') => void) | null = null;
  readonly #next = new Map<string, Trouble[]>();
  readonly #lasting = new Map<string, PortErrorCode>();

  /** The next call of `method` throws `code` and does nothing. Orders queue up. */
  failNext(method: keyof Port & string, code: PortErrorCode): void {
    this.#order(method, { kind: 'fail', code });
  }

  /** The next call of `method` does its work, and its caller gets `transient` all the same. */
  timeOutAfterActing(method: keyof Port & string): void {
    this.#order(method, { kind: 'timeOutAfterActing' });
  }

  /** Each call of `method` (without one: of every method) throws `code` until `heal()`. */
  failUntilHealed(code: PortErrorCode, method: (keyof Port & string) | '*' = '*'): void {
    this.#lasting.set(method, code);
  }

  heal(): void {
    this.#lasting.clear();
    this.#next.clear();
  }

  /** The arguments of each call of `method` so far. */
  callsOf(method: keyof Port & string): readonly (readonly unknown[])[] {
    return this.calls.filter((call) => call.method === method).map((call) => call.args);
  }

  /** A port method's body: records the call, has the ordered trouble, acts. */
  protected async answer<T>(
    method: keyof Port & string,
    args: readonly unknown[],
    act: () => T,
  ): Promise<Awaited<T>> {
    this.onCall?.('before');
    this.calls.push({ method, args });
    const lasting = this.#lasting.get(method) ?? this.#lasting.get('*');
    if (lasting !== undefined) throw new PortError(lasting, `${method} (ordered by the test)`);
    const trouble = this.#next.get(method)?.shift();
    if (trouble?.kind === 'fail') throw new PortError(trouble.code, `${method} (ordered by the test)`);
    const result = await act();
    this.onCall?.('after');
    if (trouble?.kind === 'timeOutAfterActing')
      throw new PortError('transient', `${method} (acted, then timed out)`);
    return result;
  }

  #order(method: string, trouble: Trouble): void {
    const orders = this.#next.get(method) ?? [];
    this.#next.set(method, [...orders, trouble]);
  }
}
