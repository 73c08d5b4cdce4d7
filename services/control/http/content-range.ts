/** What a PUT of a resumable upload says about its body. */
export type UploadPut =
  /** `bytes a-b/total`, or a whole body without the header. `length` is `null` when it was not said. */
  | {
      readonly kind: 'bytes';
      readonly offset: number;
      readonly length: number | null;
      readonly total: number | null;
    }
  // Without bytes and with `*` for the range: how far are we?
  | { readonly kind: 'query'; readonly total: number | null }
  | { readonly kind: 'bad' };

export function readUploadPut(
  contentRange: string | undefined,
  contentLength: string | undefined,
): UploadPut {
  const length = contentLength === undefined ? null : Number(contentLength);
  if (contentRange === undefined) return { kind: 'bytes', offset: 0, length, total: length };
  const query = /^bytes \*\/(\d+|\*)$/.exec(contentRange);
  if (query !== null) return { kind: 'query', total: totalOf(query[1]) };
  const part = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(contentRange);
  if (part === null) return { kind: 'bad' };
  const [offset, last, total] = [Number(part[1]), Number(part[2]), totalOf(part[3])];
  const isPossible = last >= offset && (total === null || last < total);
  const isSaid = length === null || length === last - offset + 1;
  return isPossible && isSaid ? { kind: 'bytes', offset, length: last - offset + 1, total } : { kind: 'bad' };
}

function totalOf(text: string | undefined): number | null {
  return text === undefined || text === '*' ? null : Number(text);
}
