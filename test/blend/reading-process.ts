// Reads the given files one after the other and prints what became of each: for tests that measure a process.
import { blendTools, fileSource } from '../../services/control/adapters/local/blend-tools.ts';
import { BlendError } from '../../services/control/blend/facts.ts';
import { readBlend } from '../../services/control/blend/read.ts';
import { peakMemory } from './peak-memory.ts';

const readings = [];
for (const file of process.argv.slice(2)) {
  const source = await fileSource(file);
  const start = process.cpuUsage();
  const code = await readBlend(source, blendTools).then(
    () => null,
    (error: unknown) => (error instanceof BlendError ? error.code : String(error)),
  );
  const { user, system } = process.cpuUsage(start);
  readings.push({ file, code, cpuMs: (user + system) / 1000, peakMiB: peakMemory() });
  await source.close();
}
process.stdout.write(JSON.stringify(readings));
