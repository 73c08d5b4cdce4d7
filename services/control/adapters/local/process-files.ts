import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from './whole-files.ts';

/**
 * What is known of a process that was ordered, as files of a folder of its own. Each is written once and whole, by
 * whoever comes first, so that neither the service nor the launcher can be killed at a bad moment:
 *
 * - `order.json`: what is to run. Written before anything is started.
 * - `process.json`: the launcher's claim. One launcher gets it; or a service that has waited in vain, and then none will.
 * - `asked.json`: since when it has been asked to end.
 * - `exit.json`: how it ended, by its launcher, or by whoever found that all of it has gone.
 * - `log.txt`: what it said.
 */
export const processFiles = (folder: string) => ({
  order: join(folder, 'order.json'),
  claim: join(folder, 'process.json'),
  asked: join(folder, 'asked.json'),
  exit: join(folder, 'exit.json'),
  log: join(folder, 'log.txt'),
});

const orderSchema = z.object({
  command: z.string(),
  args: z.array(z.string()),
  cwd: z.string(),
  env: z.record(z.string(), z.string()),
  /** For those who order: the pool of a worker. */
  label: z.string(),
  orderedAt: z.number(),
  /** The mark that has to be written anew for it to go on: see deadman.ts. */
  deadman: z.string(),
});
/** `startMark` as process-table.ts tells it; a `pid` of `null`: nothing was started in time, and nothing will be. */
const claimSchema = z.object({ pid: z.number().nullable(), startMark: z.string() });
const askedSchema = z.object({ at: z.number() });
const exitSchema = z.object({
  at: z.number(),
  code: z.number().nullable(),
  signal: z.string().nullable(),
  /** It had been asked to end. */
  wasAsked: z.boolean(),
});

export type ProcessOrder = Readonly<z.infer<typeof orderSchema>>;
export type ProcessExit = Readonly<z.infer<typeof exitSchema>>;

export const readOrder = (folder: string) => readAs(orderSchema, processFiles(folder).order);
export const readClaim = (folder: string) => readAs(claimSchema, processFiles(folder).claim);
export const readAsked = (folder: string) => readAs(askedSchema, processFiles(folder).asked);
export const readExit = (folder: string) => readAs(exitSchema, processFiles(folder).exit);

/** `null` = no such file. */
async function readAs<T>(schema: z.ZodType<T>, path: string): Promise<T | null> {
  const value = await readJson(path);
  return value === undefined ? null : schema.parse(value);
}
