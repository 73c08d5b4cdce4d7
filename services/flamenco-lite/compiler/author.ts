import { randomUUID } from 'node:crypto';
import type { AuthoredTask, Command } from '../core/model.ts';

/** A job script's task. The names are Flamenco's author API (flamenco.md §5.6). */
export class ScriptTask {
  readonly uuid: string = randomUUID();
  readonly commands: ScriptCommand[] = [];
  readonly dependencies: ScriptTask[] = [];
  readonly name: string;
  readonly type: string;
  priority = 50;

  constructor(name: unknown, type: unknown) {
    this.name = required(name, 'name');
    this.type = required(type, 'type');
  }

  addCommand(command: ScriptCommand): void {
    this.commands.push(command);
  }

  addDependency(task: ScriptTask): void {
    this.dependencies.push(task);
  }
}

export class ScriptCommand {
  readonly name: string;
  readonly parameters: unknown;
  readonly totalStepCount: number;

  constructor(name: unknown, parameters: unknown, totalStepCount: unknown) {
    this.name = String(name ?? '');
    this.parameters = parameters ?? {};
    this.totalStepCount = Math.trunc(Number(totalStepCount ?? 0)) || 0;
  }
}

/** `author` as a script sees it; callable with and without `new`. */
export function authorModule(): Readonly<Record<string, unknown>> {
  return {
    Task: function Task(name: unknown, type: unknown) {
      return new ScriptTask(name, type);
    },
    Command: function Command(name: unknown, parameters: unknown, totalStepCount: unknown) {
      return new ScriptCommand(name, parameters, totalStepCount);
    },
  };
}

/** The task as it is at this moment: what a script does to it after `job.addTask` is not seen, as in Flamenco. */
export function authoredTask(task: ScriptTask): AuthoredTask {
  return {
    id: task.uuid,
    name: task.name,
    type: task.type,
    priority: task.priority,
    commands: task.commands.map(commandOf),
    dependencies: task.dependencies.map((dependency) => dependency.uuid),
  };
}

function commandOf(command: ScriptCommand): Command {
  return {
    name: command.name,
    parameters: plain(command.parameters),
    totalStepCount: command.totalStepCount,
  };
}

/** A copy that is plain JSON and belongs to this realm; what is undefined becomes null. */
export function plain(value: unknown): Record<string, unknown> {
  const text = JSON.stringify(value, (_key, inner: unknown) => (inner === undefined ? null : inner));
  const copy: unknown = JSON.parse(text);
  return typeof copy === 'object' && copy !== null ? { ...copy } : {};
}

function required(value: unknown, what: string): string {
  const text = String(value ?? '').trim();
  if (text === '') throw new Error(`author.Task(name, type): ${what} is required`);
  return text;
}
