import { PortError } from '../../services/control/ports/errors.ts';
import type { RecordSeen, Records } from '../../services/control/ports/records.ts';

/** The state bucket in memory. Values are kept as they are given: nobody changes what has been written. */
export class SimRecords implements Records {
  readonly #records = new Map<string, RecordSeen>();
  #written = 0;

  async read(name: string): Promise<RecordSeen | null> {
    return this.#records.get(name) ?? null;
  }

  async create(name: string, value: unknown): Promise<string> {
    if (this.#records.has(name)) throw new PortError('conflict', `creating ${name}`);
    return this.#put(name, value);
  }

  async replace(name: string, value: unknown, ifGeneration: string): Promise<string> {
    if (this.#records.get(name)?.generation !== ifGeneration)
      throw new PortError('conflict', `replacing ${name}`);
    return this.#put(name, value);
  }

  async overwrite(name: string, value: unknown): Promise<void> {
    this.#put(name, value);
  }

  async delete(name: string): Promise<void> {
    this.#records.delete(name);
  }

  async list(prefix: string): Promise<readonly string[]> {
    return [...this.#records.keys()].filter((name) => name.startsWith(prefix)).sort();
  }

  /** What stands there, without a call; `undefined` = nothing. */
  valueAt(name: string): unknown {
    return this.#records.get(name)?.value;
  }

  /** All values whose name begins so. */
  valuesUnder(prefix: string): readonly unknown[] {
    return [...this.#records].filter(([name]) => name.startsWith(prefix)).map(([, { value }]) => value);
  }

  #put(name: string, value: unknown): string {
    this.#written += 1;
    const generation = String(this.#written);
    this.#records.set(name, { value, generation });
    return generation;
  }
}
