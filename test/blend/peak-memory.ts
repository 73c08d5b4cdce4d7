import { existsSync, readFileSync } from 'node:fs';

const STATUS = '/proc/self/status';

/** The most memory that this process ever had, in MiB. */
export function peakMemory(): number {
  // On Linux `maxRSS` begins with that of the process which started this one.
  const peak = existsSync(STATUS) ? /VmHWM:\s*(\d+) kB/.exec(readFileSync(STATUS, 'utf8'))?.[1] : undefined;
  return Number(peak ?? process.resourceUsage().maxRSS) / 1024;
}
