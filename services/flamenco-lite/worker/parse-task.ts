import type { WorkerCommand } from './command.ts';
import type { AssignedTask } from './task.ts';

/** A task out of the manager's answer; `null` when it is none. */
export function parseTask(body: unknown): AssignedTask | null {
  if (!isObject(body) || !Array.isArray(body.commands)) return null;
  const { uuid, name, commands } = body;
  if (typeof uuid !== 'string' || typeof name !== 'string') return null;
  const parsed = commands.map(parseCommand);
  return parsed.every((command) => command !== null) ? { id: uuid, name, commands: parsed } : null;
}

function parseCommand(raw: unknown): WorkerCommand | null {
  if (!isObject(raw) || typeof raw.name !== 'string') return null;
  return {
    name: raw.name,
    parameters: isObject(raw.parameters) ? raw.parameters : {},
    totalStepCount: typeof raw.total_step_count === 'number' ? raw.total_step_count : 0,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
