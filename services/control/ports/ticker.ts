/** Asks for a look soon. The handler of an event may do no work of its own (Cloud Run gives no CPU afterwards). */
export interface Ticker {
  /** Makes the next tick happen now. Doubled kicks are harmless. */
  kick(): Promise<void>;
}
