import { ascii, copyOf, viewOf } from './bytes.ts';
import { type Collected, collect } from './collect.ts';
import { type Content, DecodeMeter, plainContent } from './content.ts';
import { BlendError, type BlendFacts, type BlendTools, type ByteSource, type Compression } from './facts.ts';
import { findDna } from './find-dna.ts';
import { LONGEST_HEADER, parseHeader, versionText, whatItLooksLike } from './header.ts';
import { RangeReader } from './ranges.ts';
import { StreamContent } from './stream-content.ts';
import { ZstdContent, zstdStream } from './zstd-content.ts';
import { isSkippable, isZstdFrame, readSeekTable } from './zstd-frames.ts';

/**
 * Reads what a .blend says about its scenes and the files it needs, without Blender and in bounded memory, whatever
 * its size. Throws nothing but `BlendError`. The file is untrusted: its names and paths are data.
 */
export async function readBlend(source: ByteSource, tools: BlendTools): Promise<BlendFacts> {
  const raw = await RangeReader.open(source);
  const { compression, content, close } = await openContent(raw, tools);
  try {
    const header = parseHeader(await content.read(0, LONGEST_HEADER));
    const dna = await findDna(content, header);
    const collected = await collect(content, header, dna);
    return {
      compression,
      blenderVersion: versionText(header.version),
      bytesTotal: raw.size,
      bytesRead: raw.bytesRead,
      ...activeScene(collected),
      scenes: collected.scenes.map((scene) => scene.facts),
      externalFiles: collected.files,
    };
  } finally {
    await close();
  }
}

/** Enough to say what a file is that is no .blend. */
const SNIFFED_BYTES = 64;

interface Opened {
  readonly compression: Compression;
  readonly content: Content;
  readonly close: () => Promise<void>;
}

async function openContent(raw: RangeReader, tools: BlendTools): Promise<Opened> {
  const start = copyOf(await raw.read(0, SNIFFED_BYTES));
  const magic = start.length < 4 ? 0 : viewOf(start).getUint32(0, true);
  if (isZstdFrame(magic) || isSkippable(magic)) return openZstd(raw, tools);
  if (start[0] === 0x1f && start[1] === 0x8b) return stream('gzip', raw, () => tools.gunzip(piecesOf(raw)));
  if (!looksPlain(start)) throw new BlendError('notABlend', whatItLooksLike(start));
  return { compression: 'none', content: plainContent(raw), close: async () => {} };
}

function looksPlain(start: Uint8Array): boolean {
  return ascii(start, 0, 4) === 'BLEN';
}

async function openZstd(raw: RangeReader, tools: BlendTools): Promise<Opened> {
  const table = await readSeekTable(raw);
  if (!table) return stream('zstd', raw, () => zstdStream(raw, tools));
  const content = new ZstdContent(raw, table, tools, new DecodeMeter(raw.size));
  return { compression: 'zstd', content, close: async () => {} };
}

function stream(compression: Compression, raw: RangeReader, open: () => AsyncIterable<Uint8Array>): Opened {
  const content = new StreamContent(open, new DecodeMeter(raw.size));
  return { compression, content, close: () => content.close() };
}

const PIECE_BYTES = 256 * 1024;

async function* piecesOf(raw: RangeReader): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < raw.size; at += PIECE_BYTES) yield await raw.read(at, PIECE_BYTES);
}

/** Blender renders the scene that was open when the file was saved; where that is gone, the first. */
function activeScene(collected: Collected): Pick<BlendFacts, 'activeScene' | 'warnings'> {
  const { activeScene: address, scenes, linkedScenes, warnings } = collected;
  const own = scenes.find((scene) => scene.old === address);
  if (own) return { activeScene: own.facts.name, warnings };
  const linked = address === null ? undefined : linkedScenes.get(address);
  if (linked !== undefined) {
    const text = `The active scene "${linked}" is linked from another file: its settings are there, not in this one.`;
    return { activeScene: null, warnings: [...warnings, text] };
  }
  const first = scenes[0]?.facts.name ?? null;
  const text =
    first === null ? 'The file has no scene.' : `The file names no active scene: taking "${first}".`;
  return { activeScene: first, warnings: [...warnings, text] };
}
