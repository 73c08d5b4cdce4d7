/** Opens resumable uploads into the scenes bucket. */
export interface Uploads {
  /**
   * A URL that takes resumable PUTs (`Content-Range`, 308 until whole; the protocol of Cloud Storage's sessions).
   * `path` is inside the scenes bucket and was checked by the caller; `size` in bytes. `by`: who sends it, if somebody
   * was asked; it stays with the object (`ObjectSeen.sentBy`) where the storage can keep it.
   */
  begin(path: string, size: number, origin: string, by?: string | null): Promise<{ readonly url: string }>;
}
