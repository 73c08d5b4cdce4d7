import { PortError } from '../../services/control/ports/errors.ts';
import type { RecordSeen, Records } from '../../services/control/ports/records.ts';
import { Fake } from './fake.ts';

/** Records in memory. Values go through JSON, as they would on a disk. */
export class FakeRecords extends Fake<Records> implements Records {
  readonly #records = new Map<string, { readonly text: string; readonly generation: string }>();
  #written = 0;

  read(name: string): Promise<RecordSeen | null> {
    return this.answer('read', [name], () => {
      const record = this.#records.get(name);
      if (record === undefined) return null;
      return { value: parse(name, record.text), generation: record.generation };
    });
  }

  create(name: string, value: unknown): Promise<string> {
    return this.answer('create', [name, value], () => {
      if (this.#records.has(name)) throw new PortError('conflict', `creating ${name}`);
      return this.#put(name, value);
    });
  }

  replace(name: string, value: unknown, ifGeneration: string): Promise<string> {
    return this.answer('replace', [name, value, ifGeneration], () => {
      if (this.#records.get(name)?.generation !== ifGeneration)
        throw new PortError('conflict', `replacing ${name}`);
      return this.#put(name, value);
    });
  }

  overwrite(name: string, value: unknown): Promise<void> {
    return this.answer('overwrite', [name, value], () => {
      this.#put(name, value);
    });
  }

  delete(name: string): Promise<void> {
    return this.answer('delete', [name], () => {
      this.#records.delete(name);
    });
  }

  list(prefix: string): Promise<readonly string[]> {
    return this.answer('list', [prefix], () =>
      [...this.#records.keys()].filter((name) => name.startsWith(prefix)).sort(),
    );
  }

  /** What the test finds under `name`, without a call; `undefined` = nothing. */
  valueAt(name: string): unknown {
    const record = this.#records.get(name);
    return record === undefined ? undefined : parse(name, record.text);
  }

  /** What somebody else has written meanwhile, also text that is no JSON. */
  putText(name: string, text: string): void {
    this.#records.set(name, { text, generation: this.#nextGeneration() });
  }

  #put(name: string, value: unknown): string {
    const generation = this.#nextGeneration();
    this.#records.set(name, { text: JSON.stringify(value), generation });
    return generation;
  }

  #nextGeneration(): string {
    this.#written += 1;
    return String(this.#written);
  }
}

function parse(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PortError('invalid', `reading ${name}`, { cause });
  }
}
