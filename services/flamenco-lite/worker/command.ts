import type { LogChunker } from './log-chunker.ts';

/** A command as the manager hands it out, with its variables filled in. */
export interface WorkerCommand {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly totalStepCount: number;
}

/** What a command can do besides its work. */
export interface CommandContext {
  /** Aborted when the task must stop: the manager said so, or this worker ends. */
  readonly signal: AbortSignal;
  /** Sends text to the task's log at once. */
  readonly log: (text: string) => Promise<void>;
  readonly newLogChunker: () => LogChunker;
  /** One step of the task is done. */
  readonly step: () => Promise<void>;
  /** A picture was written; it may be shown to people. */
  readonly outputProduced: (path: string) => void;
}

export function requiredText(command: WorkerCommand, key: string): string {
  const value = command.parameters[key];
  if (typeof value === 'string' && value !== '') return value;
  const given = JSON.stringify(command.parameters);
  throw new Error(`${command.name}: mandatory parameter "${key}" is missing: ${given}`);
}

/** A list of texts; absent = empty. */
export function textList(command: WorkerCommand, key: string): string[] {
  const value = command.parameters[key];
  if (value === undefined) return [];
  if (Array.isArray(value)) return value.map(String);
  throw invalid(command, key, 'cannot convert to list of strings');
}

export function optionalText(command: WorkerCommand, key: string): string {
  const value = command.parameters[key];
  return typeof value === 'string' ? value : '';
}

export function invalid(command: WorkerCommand, key: string, why: string): Error {
  const given = JSON.stringify(command.parameters[key]);
  return new Error(`${command.name}: parameter "${key}" has invalid value ${given}: ${why}`);
}
