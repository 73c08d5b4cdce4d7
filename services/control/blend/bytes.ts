const utf8 = new TextDecoder();

/** Bytes and where in the file they stand. */
export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A DataView over exactly these bytes. Bodies of blocks are not aligned, so typed arrays would not do. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Four-letter marks and other plain ASCII. */
export function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

/** Text up to the first NUL or the end of the bytes. What is no UTF-8 becomes U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return utf8.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** A copy that holds on to nothing else. Not `slice`: Node's Buffers, which sources may return, share memory there. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Where `needle` begins last in `bytes`, before `end`; -1 if nowhere. */
export function lastIndexOf(bytes: Uint8Array, needle: Uint8Array, end = bytes.length): number {
  const first = needle[0] ?? 0;
  let at = bytes.lastIndexOf(first, end - needle.length);
  while (at >= 0) {
    if (needle.every((byte, index) => bytes[at + index] === byte)) return at;
    if (at === 0) return -1;
    at = bytes.lastIndexOf(first, at - 1);
  }
  return -1;
}
