import type { Content } from './content.ts';
import { BlendError } from './facts.ts';
import { type BlockHead, blockCode, type Header, parseBlockHead } from './header.ts';

/** A hundred times the densest scene known (726,941 blocks), and still walked in seconds. */
const MAX_BLOCKS = 50_000_000;

/** What the walk does next: `stop` ends it, a promise is waited for. */
type Visit = (block: BlockHead) => undefined | 'stop' | Promise<undefined | 'stop'>;

/** How a walk ended: `ended` at ENDB, `stopped` by the visitor, `ranOut` exactly after a block. */
type WalkEnd = 'ended' | 'stopped' | 'ranOut';

/** Visits the heads of all blocks from `offset` on. Bodies are not read. Throws `truncated` inside a block. */
export async function walkBlocks(
  content: Content,
  header: Header,
  visit: Visit,
  offset = header.bytes,
): Promise<WalkEnd> {
  for (let blocks = 0; blocks < MAX_BLOCKS; blocks++) {
    const bytes =
      content.view(offset, header.blockHeadBytes) ?? (await content.read(offset, header.blockHeadBytes));
    if (bytes.length === 0) return 'ranOut';
    if (isEnd(bytes, offset)) return 'ended';
    if (bytes.length < header.blockHeadBytes) throw cutOff(offset);
    const block = parseBlockHead(header, bytes, offset);
    offset = block.body + block.length;
    if (content.size !== null && offset > content.size) throw cutOff(content.size);
    const answer = visit(block);
    if (answer === 'stop' || (answer && (await answer) === 'stop')) return 'stopped';
  }
  throw new BlendError('tooLarge', `more than ${MAX_BLOCKS} blocks`);
}

/** Ancient files end with only 8 bytes of their last head, so its code must do. */
function isEnd(bytes: Uint8Array, offset: number): boolean {
  return bytes.length >= 4 && blockCode(bytes, offset) === 'ENDB';
}

/** The body of a block, whole. Its length must have been judged before. */
export async function readBody(
  content: Content,
  block: BlockHead,
  length = block.length,
): Promise<Uint8Array> {
  const bytes = content.view(block.body, length) ?? (await content.read(block.body, length));
  if (bytes.length < length) throw cutOff(block.body + bytes.length);
  return bytes;
}

function cutOff(offset: number): BlendError {
  return new BlendError('truncated', `the file ends inside a block, at byte ${offset}`);
}
