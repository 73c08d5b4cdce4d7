import { copyOf, type Piece } from './bytes.ts';
import { type BlockHead, type Header, soundHead } from './header.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Bodies are searched in parts of this size. */
const SEARCHED_BYTES = 4 * MIB;
/** Heads and small bodies between two large bodies. */
const FOUND_BYTES = 8 * KIB;
/** Where heads lie closer together than this the walk reads in larger windows itself. */
const DENSE = 256 * KIB;
const LETTER_D = 0x44;
const LETTER_A = 0x41;
const LETTER_T = 0x54;

interface Scouting {
  readonly header: Header;
  /** Where the search begins, and where others take over. */
  readonly from: number;
  readonly to: number;
  /** How many bytes may be searched for the first head. */
  readonly mostSearched: number;
  /** Reads and keeps for whoever comes there. */
  readonly ask: (offset: number, length: number) => Promise<Piece>;
  /** Reads for the search alone; the walk will not want it. */
  readonly search: (offset: number, length: number) => Promise<Piece>;
  readonly keep: (piece: Piece) => void;
  /** Nobody will come to this offset any more. */
  readonly isVain: (offset: number) => boolean;
}

/**
 * Follows heads somewhere ahead of the walk, so that the pieces are at hand when the walk comes there. Nothing is
 * concluded from them: where the scout was wrong the walk merely finds nothing prepared.
 */
export async function scout(scouting: Scouting): Promise<void> {
  const found = await firstPiece(scouting);
  for (let next = found ? endOfHeads(scouting, found.piece, found.head) : null; next !== null; ) {
    if (scouting.isVain(next) || next >= scouting.to) return;
    const piece = await scouting.ask(next, Math.min(FOUND_BYTES, scouting.to - next));
    const after = endOfHeads(scouting, piece, next);
    if (after === null || after - next < DENSE) return;
    next = after;
  }
}

/** Searches for a head; keeps what is around it. */
async function firstPiece(scouting: Scouting): Promise<{ piece: Piece; head: number } | null> {
  const { from, to, mostSearched, search, keep, isVain } = scouting;
  const end = Math.min(to, from + mostSearched);
  for (let at = from; at < end && !isVain(at); at += SEARCHED_BYTES) {
    const piece = await search(at, Math.min(SEARCHED_BYTES, end - at));
    const head = findHead(scouting, piece);
    if (head === null) continue;
    const begin = Math.max(0, head - at - FOUND_BYTES);
    // Copied: what is kept must not hold on to all that was searched.
    const around = copyOf(piece.bytes.subarray(begin, head - at + FOUND_BYTES));
    const kept = { offset: at + begin, bytes: around };
    keep(kept);
    return { piece: kept, head };
  }
  return null;
}

/** The first DATA head in a piece. Noise looks like one once in gigabytes. */
function findHead({ header, to }: Scouting, piece: Piece): number | null {
  const { offset, bytes } = piece;
  for (let at = bytes.indexOf(LETTER_D); at >= 0; at = bytes.indexOf(LETTER_D, at + 1)) {
    if (bytes[at + 1] !== LETTER_A || bytes[at + 2] !== LETTER_T || bytes[at + 3] !== LETTER_A) continue;
    const head = headIn(header, piece, offset + at);
    if (head && head.body + head.length <= to && head.count > 0) return offset + at;
  }
  return null;
}

/** Where the first head lies that is not in the piece any more; null where what follows is no head. */
function endOfHeads({ header }: Scouting, piece: Piece, from: number): number | null {
  for (let at = from; ; ) {
    if (at + header.blockHeadBytes > piece.offset + piece.bytes.length) return at;
    const head = headIn(header, piece, at);
    if (!head) return null;
    at = head.body + head.length;
  }
}

function headIn(header: Header, { offset, bytes }: Piece, at: number): BlockHead | null {
  return soundHead(header, bytes.subarray(at - offset, at - offset + header.blockHeadBytes), at);
}
