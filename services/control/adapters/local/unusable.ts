/** A setting names something on this machine that cannot be used. The message is for people: what, and what to do. */
export class Unusable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Unusable';
  }
}
