/** A record as read: its value and the generation that a conditional write must name. */
export interface RecordSeen {
  readonly value: unknown;
  readonly generation: string;
}

/**
 * The state bucket: small JSON objects with compare-and-set. Names are paths such as `runs/3f2a.json`.
 * A write is all or nothing, whatever crashes.
 */
export interface Records {
  /** `null` = known to be absent. `PortError('transient')` when it could not be read, `'invalid'` when it is no JSON. */
  read(name: string): Promise<RecordSeen | null>;
  /** Creates and returns the generation; `PortError('conflict')` when the name exists. */
  create(name: string, value: unknown): Promise<string>;
  /** Replaces exactly the generation that was read and returns the new one; `PortError('conflict')` when it has changed. */
  replace(name: string, value: unknown, ifGeneration: string): Promise<string>;
  /** Writes without a condition (documents that only report, like `status.json`). */
  overwrite(name: string, value: unknown): Promise<void>;
  /** Absent already is success. */
  delete(name: string): Promise<void>;
  /** Names that start with `prefix`, sorted. */
  list(prefix: string): Promise<readonly string[]>;
}
