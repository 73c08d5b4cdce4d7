import { createHash } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import type { Command } from '../core/command.ts';
import { isPortError } from '../ports/errors.ts';
import type { AppDeps } from './deps.ts';

/**
 * Writes down what a person asks for and has it looked at soon. The id sorts by time, so that a cancel and a later
 * again are obeyed in that order.
 */
export async function recordCommand(
  deps: AppDeps,
  command: Exclude<Command, { readonly kind: 'uploaded' }>,
  log: FastifyBaseLogger,
): Promise<string> {
  const id = `${timeKey(deps.clock.now())}-${deps.newId()}`;
  await deps.records.create(`commands/${id}.json`, command);
  // The record goes when it is obeyed, and the status tells of the last hundred decisions only.
  const { kind, by, runId } = { runId: null, ...command };
  log.info({ by, kind, runId, id }, 'command taken');
  // It stands, whatever comes of this: the next tick obeys it, within a minute.
  await deps.ticker.kick().catch((err: unknown) => log.warn({ err }, 'tick not kicked'));
  return id;
}

/** The same for an upload. Its id comes from what was uploaded, so that a doubled event is one command. */
export async function recordUpload(deps: AppDeps, path: string, generation: string | null): Promise<void> {
  const command: Command = { kind: 'uploaded', path, generation };
  const key = generation === null ? deps.newId() : digest(`${path}\0${generation}`);
  try {
    await deps.records.create(`commands/uploaded-${key}.json`, command);
  } catch (error) {
    if (!isPortError(error, 'conflict')) throw error;
  }
  await deps.ticker.kick();
}

/** Fixed width, so that the order of names is the order of time. */
function timeKey(now: number): string {
  return `at-${String(now).padStart(14, '0')}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
