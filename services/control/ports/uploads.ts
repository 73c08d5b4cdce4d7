/** Opens resumable uploads into the scenes bucket. */
export interface Uploads {
  /**
   * A URL that takes resumable PUTs (`Content-Range`, 308 until whole; the protocol of Cloud Storage's sessions).
   * `path` is inside the scenes bucket and was checked by the caller; `size` in bytes.
   */
  begin(path: string, size: number, origin: string): Promise<{ readonly url: string }>;
}
