/** Milliseconds since 1970-01-01T00:00:00Z. The one unit of time inside; RFC 3339 stands at the edges only. */
export type EpochMs = number;
