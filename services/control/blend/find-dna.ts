import { ascii, copyOf, lastIndexOf, viewOf } from './bytes.ts';
import type { Content } from './content.ts';
import { type Dna, MAX_DNA_BYTES, parseDna } from './dna.ts';
import { BlendError } from './facts.ts';
import { type BlockHead, type Header, parseBlockHead } from './header.ts';
import type { Limits } from './limits.ts';
import { readBody, walkBlocks } from './walk.ts';

const DNA_MARK = new TextEncoder().encode('DNA1');
/** A packed library ends in a DNA of its own; a few wrong ones are looked at before the file is walked instead. */
const MAX_GUESSES = 16;

/** Finds and parses the DNA: in the last bytes where they are cheap to have, else by walking to it. */
export async function findDna(content: Content, header: Header, limits: Limits): Promise<Dna> {
  const block = (await findInLastPiece(content, header)) ?? (await walkTo(content, header, limits));
  if (block.length > MAX_DNA_BYTES) throw new BlendError('tooLarge', `a DNA of ${block.length} bytes`);
  return parseDna(copyOf(await readBody(content, block)), header);
}

async function findInLastPiece(content: Content, header: Header): Promise<BlockHead | null> {
  const piece = await content.lastPiece();
  if (!piece) return null;
  let end = piece.bytes.length;
  for (let guess = 0; guess < MAX_GUESSES; guess++) {
    const at = lastIndexOf(piece.bytes, DNA_MARK, end);
    if (at < 0) return null;
    const block = dnaAt(piece.bytes.subarray(at), header, piece.offset + at);
    if (block) return block;
    end = at + DNA_MARK.length - 1;
  }
  return null;
}

/** The block that begins here, if it is the file's own DNA: it says so, and only ENDB comes after it. */
function dnaAt(bytes: Uint8Array, header: Header, offset: number): BlockHead | null {
  const bodyAt = header.blockHeadBytes;
  if (ascii(bytes, bodyAt, bodyAt + 8) !== 'SDNANAME') return null;
  const length =
    header.format === 1
      ? Number(viewOf(bytes).getBigInt64(16, true))
      : viewOf(bytes).getInt32(4, header.littleEndian);
  const after = bytes.subarray(bodyAt + length);
  const isOwn = length > 0 && after.length >= 4 && after.length <= bodyAt && isEndCode(after);
  return isOwn ? parseBlockHead(header, bytes.subarray(0, bodyAt), offset) : null;
}

function isEndCode(bytes: Uint8Array): boolean {
  return ascii(bytes, 0, 4) === 'ENDB';
}

/** Bodies of this size are looked into only where they list files, which is rare: a stream forgets them. */
const LARGE_BODY = 256 * 1024;

async function walkTo(content: Content, header: Header, limits: Limits): Promise<BlockHead> {
  const found: BlockHead[] = [];
  const visit = (block: BlockHead) => {
    if (block.code === 'DATA') content.letGo(block.body, block.length);
    if (block.code !== 'DNA1') return undefined;
    found.push(block);
    return 'stop';
  };
  await walkBlocks({ content, header, limits, skipsData: (_, length) => length < LARGE_BODY, visit });
  if (found[0]) return found[0];
  throw new BlendError('truncated', 'the file ends before its description of itself (DNA): it was cut off');
}
