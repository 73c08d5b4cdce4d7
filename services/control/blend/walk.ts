import { type Piece, viewOf } from './bytes.ts';
import { type Content, viewAt } from './content.ts';
import { BlendError } from './facts.ts';
import {
  type BlockHead,
  blockCode,
  dataHeadReader,
  type Header,
  parseBlockHead,
  type SkipsData,
} from './header.ts';
import type { Limits } from './limits.ts';

/** Twenty-five times the densest scene known (726,941 blocks), and walked in seconds. */
const MAX_BLOCKS = 20_000_000;
const CHECK_EVERY = 65_536;

/** What the walk does next: `stop` ends it, a number is where it goes on, a promise is waited for. */
type Answer = undefined | 'stop' | number;
type Visit = (block: BlockHead) => Answer | Promise<Answer>;

/** How a walk ended: `ended` at ENDB, `stopped` by the visitor, `ranOut` exactly after a block. */
type WalkEnd = 'ended' | 'stopped' | 'ranOut';

interface Walk {
  readonly content: Content;
  readonly header: Header;
  readonly limits: Limits;
  readonly skipsData: SkipsData;
  readonly visit: Visit;
}

/** Visits the heads of all blocks. Bodies are not read. Throws `truncated` inside a block. */
export async function walkBlocks({ content, header, limits, skipsData, visit }: Walk): Promise<WalkEnd> {
  const data = dataHeadReader(header);
  const headBytes = header.blockHeadBytes;
  let offset = header.bytes;
  let blocks = 0;
  while (blocks < MAX_BLOCKS) {
    const piece = await pieceWith(content, offset, headBytes);
    const view = viewOf(piece.bytes);
    if (piece.bytes.length === 0) return 'ranOut';
    do {
      if (blocks++ % CHECK_EVERY === 0) limits.check();
      const at = offset - piece.offset;
      const length = data.skippedLength(view, at, skipsData);
      if (length >= 0) {
        offset += headBytes + length;
        continue;
      }
      const bytes = piece.bytes.subarray(at, at + headBytes);
      if (isEnd(bytes, offset)) return 'ended';
      if (bytes.length < headBytes) throw cutOff(offset);
      const block = parseBlockHead(header, bytes, offset);
      offset = block.body + block.length;
      expectInside(content, offset);
      const answer = visit(block);
      const next = answer instanceof Promise ? await answer : answer;
      if (next === 'stop') return 'stopped';
      if (next !== undefined) offset = next;
    } while (offset >= piece.offset && offset + headBytes <= piece.offset + piece.bytes.length);
    expectInside(content, offset);
  }
  throw new BlendError('tooLarge', `more than ${MAX_BLOCKS} blocks`);
}

/** Holds all of a head, or what the file has of it. */
async function pieceWith(content: Content, offset: number, length: number): Promise<Piece> {
  return content.piece(offset, length) ?? { offset, bytes: await content.read(offset, length) };
}

function expectInside(content: Content, offset: number): void {
  if (content.size !== null && offset > content.size) throw cutOff(content.size);
}

/** Ancient files end with only 8 bytes of their last head, so its code must do. */
function isEnd(bytes: Uint8Array, offset: number): boolean {
  return bytes.length >= 4 && blockCode(bytes, offset) === 'ENDB';
}

/** The first `length` bytes of a body. Their number must have been judged before. */
export async function readBody(
  content: Content,
  block: BlockHead,
  length = block.length,
): Promise<Uint8Array> {
  const bytes = viewAt(content, block.body, length) ?? (await content.read(block.body, length));
  if (bytes.length < length) throw cutOff(block.body + bytes.length);
  return bytes;
}

function cutOff(offset: number): BlendError {
  return new BlendError('truncated', `the file ends inside a block, at byte ${offset}`);
}
