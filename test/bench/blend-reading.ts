// Reads one file in a process of its own, so that its time and memory are this reading's alone, and prints one line of
// JSON. node blend-reading.ts FILE LATENCY_MS
import { setTimeout as delay } from 'node:timers/promises';
import { blendTools, fileSource } from '../../services/control/adapters/local/blend-tools.ts';
import type { ByteSource } from '../../services/control/blend/facts.ts';
import { readBlend } from '../../services/control/blend/read.ts';
import { peakMemory } from '../blend/peak-memory.ts';

/** What one reading cost, until the settings were known and in all. */
export interface Reading {
  readonly settings: Cost;
  readonly all: Cost;
  /** User and system time of all threads, compiling the reader included. */
  readonly cpuMs: number;
  /** The same for the third file that a process reads, as a service does. */
  readonly warmCpuMs: number;
  /** What reading added to the memory of an idle process. */
  readonly peakMiB: number;
  readonly files: number;
}

interface Cost {
  readonly ms: number;
  readonly requests: number;
  readonly bytes: number;
}

const MIB = 1024 * 1024;
const [file = '', latency = '0'] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(await measure(file, Number(latency)))}\n`);

async function measure(path: string, latencyMs: number): Promise<Reading> {
  const source = await fileSource(path);
  const counted = countRequests(source, latencyMs);
  const before = peakMemory();
  const cpuSinceStart = cpuClock();
  const start = performance.now();
  const cost = (): Cost => ({
    ms: performance.now() - start,
    requests: counted.requests(),
    bytes: counted.bytes(),
  });
  let settings = cost();
  const facts = await readBlend(counted.source, blendTools, {
    onSettings: () => {
      settings = cost();
    },
  });
  const all = cost();
  const cpuMs = cpuSinceStart();
  const peakMiB = peakMemory() - before;
  await readBlend(source, blendTools);
  const cpuOfThird = cpuClock();
  await readBlend(source, blendTools);
  const warmCpuMs = cpuOfThird();
  await source.close();
  return { settings, all, cpuMs, warmCpuMs, peakMiB, files: facts.externalFiles.length };
}

/** Tells how much time of processors was used since now. */
function cpuClock(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
}

/** As over a link that answers each request after a while, and many at the same time. */
function countRequests(source: ByteSource, latencyMs: number) {
  let requests = 0;
  let bytes = 0;
  const counted: ByteSource = {
    size: source.size,
    read: async (offset, length) => {
      requests++;
      bytes += length;
      if (latencyMs > 0) await delay(latencyMs);
      return source.read(offset, length);
    },
  };
  return { source: counted, requests: () => requests, bytes: () => bytes / MIB };
}
