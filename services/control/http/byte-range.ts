/** What a `Range` header asks of `size` bytes; `end` is exclusive. `whole`: no range, or one that may be ignored. */
export type ByteRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'outside' };

/** One range only: browsers ask for one, and several would need a multipart answer (a server may ignore them). */
export function readRange(header: string | undefined, size: number): ByteRange {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  const [, first = '', last = ''] = found ?? [];
  if (found === null || (first === '' && last === '')) return { kind: 'whole' };
  if (first === '') return suffix(Number(last), size);
  const start = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  if (last !== '' && Number(last) < start) return { kind: 'whole' };
  return start >= size ? { kind: 'outside' } : { kind: 'part', start, end };
}

function suffix(length: number, size: number): ByteRange {
  if (length === 0 || size === 0) return { kind: 'outside' };
  return { kind: 'part', start: Math.max(0, size - length), end: size };
}
