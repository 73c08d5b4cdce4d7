import { blendTools, fileSource } from '../control/adapters/local/blend-tools.ts';
import type { BlendFacts } from '../control/blend/facts.ts';
import { readBlend } from '../control/blend/read.ts';

/** Reads a .blend on this machine. Throws `BlendError` when it is none. */
export async function readFacts(path: string): Promise<BlendFacts> {
  const source = await fileSource(path);
  try {
    return await readBlend(source, blendTools);
  } finally {
    await source.close();
  }
}
