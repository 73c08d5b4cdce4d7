import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';

/** Bytes of a pixel by PNG colour type, 8 bits a channel. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 };

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Row by row from the top. */
  readonly pixels: Uint8Array;
}

/** Decodes an 8-bit PNG to its last pixel; throws when a byte of it is missing. */
export function readPng(path: string): Picture {
  return decodePng(readFileSync(path), path);
}

/** The same of a file's bytes; `path` is how it is called when it is none. */
export function decodePng(bytes: Buffer, path: string): Picture {
  const parts: Buffer[] = [];
  let type = '';
  for (let at = 8; type !== 'IEND'; ) {
    const length = bytes.readUInt32BE(at);
    type = bytes.toString('latin1', at + 4, at + 8);
    if (type === 'IDAT') parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const width = bytes.readUInt32BE(16);
  const height = bytes.readUInt32BE(20);
  const channels = CHANNELS[bytes[25] ?? -1];
  if (bytes[24] !== 8 || channels === undefined) throw new Error(`${path} has no 8-bit pixels`);
  return {
    width,
    height,
    channels,
    pixels: unfilter(inflateSync(Buffer.concat(parts)), width * channels, height, channels),
  };
}

/** Mean of red, green and blue over the whole picture. */
export function meanColour({ pixels, channels }: Picture): readonly [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  for (let at = 0; at < pixels.length; at += channels)
    for (const channel of [0, 1, 2] as const) sums[channel] += pixels[at + channel] ?? 0;
  const count = pixels.length / channels;
  return [sums[0] / count, sums[1] / count, sums[2] / count];
}

/** Whether there are hardly any colours in it. */
export function isFlat({ pixels }: Picture): boolean {
  return new Set(pixels).size < 8;
}

/** PNG specification, section 9: each row begins with the filter that predicts its bytes from left, above and both. */
function unfilter(rows: Uint8Array, stride: number, height: number, bytesPerPixel: number): Uint8Array {
  if (rows.length < (stride + 1) * height) throw new Error('rows are missing');
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y += 1) {
    const filter = rows[y * (stride + 1)] ?? 0;
    for (let x = 0; x < stride; x += 1) {
      const left = x < bytesPerPixel ? 0 : (out[y * stride + x - bytesPerPixel] ?? 0);
      const above = y === 0 ? 0 : (out[(y - 1) * stride + x] ?? 0);
      const corner = y === 0 || x < bytesPerPixel ? 0 : (out[(y - 1) * stride + x - bytesPerPixel] ?? 0);
      out[y * stride + x] = (rows[y * (stride + 1) + 1 + x] ?? 0) + predict(filter, left, above, corner);
    }
  }
  return out;
}

function predict(filter: number, left: number, above: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  return filter === 4 ? paeth(left, above, corner) : 0;
}

function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? above : corner;
}
