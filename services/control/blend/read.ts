import { ascii, copyOf, viewOf } from './bytes.ts';
import { type Collected, collect } from './collect.ts';
import { type Content, plainContent } from './content.ts';
import { DecodeMeter } from './decode-meter.ts';
import {
  BlendError,
  type BlendFacts,
  type BlendSettings,
  type BlendTools,
  type ByteSource,
  type Compression,
  type ReadOptions,
} from './facts.ts';
import { findDna } from './find-dna.ts';
import { LONGEST_HEADER, parseHeader, versionText, whatItLooksLike } from './header.ts';
import { type Limits, openLimits } from './limits.ts';
import { RangeReader } from './ranges.ts';
import { StreamContent } from './stream-content.ts';
import { ZstdContent, zstdStream } from './zstd-content.ts';
import { isSkippable, isZstdFrame, readSeekTable } from './zstd-frames.ts';

/**
 * Reads what a .blend says about its scenes and all that they need, without Blender and in bounded memory, whatever
 * its size. Throws nothing but `BlendError`. The file is untrusted: its names and paths are data.
 */
export function readBlend(
  source: ByteSource,
  tools: BlendTools,
  options: ReadOptions = {},
): Promise<BlendFacts> {
  return readTo('end', source, tools, options);
}

/** Reads only what stands at the start: a few requests, whatever the size of the file. Throws as `readBlend`. */
export async function readSettings(
  source: ByteSource,
  tools: BlendTools,
  options: Pick<ReadOptions, 'signal' | 'timeLimitMs'> = {},
): Promise<BlendSettings> {
  const { compression, blenderVersion, bytesTotal, bytesRead, activeScene, scenes, warnings } = await readTo(
    'settings',
    source,
    tools,
    options,
  );
  return { compression, blenderVersion, bytesTotal, bytesRead, activeScene, scenes, warnings };
}

async function readTo(
  end: 'settings' | 'end',
  source: ByteSource,
  tools: BlendTools,
  { signal, timeLimitMs, onSettings }: ReadOptions,
): Promise<BlendFacts> {
  const limits = openLimits(signal, timeLimitMs);
  try {
    const raw = await RangeReader.open(source, limits);
    const { compression, content, close } = await openContent(raw, tools, limits);
    try {
      const header = parseHeader(await content.read(0, LONGEST_HEADER));
      if (compression === 'none') raw.guessJumps(header);
      const dna = await findDna(content, header, limits);
      const blenderVersion = versionText(header.version);
      const factsOf = (collected: Collected): BlendFacts => {
        const { bytesRead, size: bytesTotal } = raw;
        return { compression, blenderVersion, bytesTotal, bytesRead, ...collected };
      };
      const collected = await collect({ content, header, dna, limits }, (sofar) => {
        onSettings?.(factsOf(sofar));
        return end === 'settings' ? 'stop' : undefined;
      });
      return factsOf(collected);
    } finally {
      close();
      raw.close();
    }
  } finally {
    limits.close();
  }
}

/** Enough to say what a file is that is no .blend. */
const SNIFFED_BYTES = 64;

interface Opened {
  readonly compression: Compression;
  readonly content: Content;
  readonly close: () => void;
}

async function openContent(raw: RangeReader, tools: BlendTools, limits: Limits): Promise<Opened> {
  const start = copyOf(await raw.read(0, SNIFFED_BYTES));
  const magic = start.length < 4 ? 0 : viewOf(start).getUint32(0, true);
  if (isZstdFrame(magic) || isSkippable(magic)) return openZstd(raw, tools, limits);
  if (start[0] === 0x1f && start[1] === 0x8b)
    return stream('gzip', raw, limits, () => tools.gunzip(piecesOf(raw)));
  if (!looksPlain(start)) throw new BlendError('notABlend', whatItLooksLike(start));
  return { compression: 'none', content: plainContent(raw), close: () => {} };
}

function looksPlain(start: Uint8Array): boolean {
  return ascii(start, 0, 4) === 'BLEN';
}

async function openZstd(raw: RangeReader, tools: BlendTools, limits: Limits): Promise<Opened> {
  const table = await readSeekTable(raw);
  if (!table) return stream('zstd', raw, limits, () => zstdStream(raw, tools));
  const content = new ZstdContent(raw, table, tools, new DecodeMeter(raw.size), limits);
  return { compression: 'zstd', content, close: () => {} };
}

function stream(
  compression: Compression,
  raw: RangeReader,
  limits: Limits,
  open: () => AsyncIterable<Uint8Array>,
): Opened {
  const content = new StreamContent(open, new DecodeMeter(raw.size), limits);
  return { compression, content, close: () => content.close() };
}

const PIECE_BYTES = 256 * 1024;

async function* piecesOf(raw: RangeReader): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < raw.size; at += PIECE_BYTES) yield await raw.read(at, PIECE_BYTES);
}
