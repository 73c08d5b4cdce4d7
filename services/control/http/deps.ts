import type { FastifyBaseLogger } from 'fastify';
import type { EpochMs } from '../core/time.ts';
import type { Renders } from '../ports/buckets.ts';
import type { Records } from '../ports/records.ts';
import type { Ticker } from '../ports/ticker.ts';
import type { Uploads } from '../ports/uploads.ts';
import type { RunTick } from '../reconcile/tick.ts';
import type { Machines } from './machines.ts';

/** What the routes need from the world; `compose.ts` hands it over. */
export interface AppDeps {
  readonly log: FastifyBaseLogger;
  readonly records: Records;
  readonly renders: Renders;
  readonly uploads: Uploads;
  /** Takes the bytes of uploads itself (local mode); `null` = another server does. */
  readonly uploadStore: UploadStore | null;
  readonly ticker: Ticker;
  readonly runTick: RunTick;
  readonly clock: { now(): EpochMs };
  /** A new id that is a safe file name. */
  readonly newId: () => string;
  /** Where Flamenco Manager is reached now; `null` = there is none. */
  readonly managerUrl: () => string | null;
  /** Whether the service can do its work; `/healthz` says it. */
  readonly isReady: () => boolean;
  /** The folder of the page's files (services/page). */
  readonly pageDir: string;
  /** Names under which people reach the page, without a port. Anything else is another site's doing. */
  readonly knownHosts: readonly string[];
  /** Who may call `/tick` and `/events/storage`; left out = whoever can reach them (this machine only). */
  readonly machines?: Machines;
  /** The project that trace ids belong to; `null` outside Google Cloud. */
  readonly project: string | null;
}

/** How far an upload has come. `object` once it is whole and in its place. */
export interface UploadSeen {
  readonly path: string;
  readonly size: number;
  readonly received: number;
  readonly object: { readonly generation: string; readonly crc32c: string | null } | null;
}

/** The receiving side of resumable uploads. All methods: `PortError('notFound')` for a token that is not known. */
export interface UploadStore {
  look(token: string): Promise<UploadSeen>;
  /**
   * Appends `body` at `offset`, which must be what was received so far, or 0 to begin anew; anything else changes
   * nothing and only tells how far it is. A body that breaks off keeps what came. A newer call for the same token ends
   * an older one that hangs. Whole: the object is put in its place before this returns.
   */
  write(token: string, offset: number, body: AsyncIterable<Uint8Array>): Promise<UploadSeen>;
  /** Forgets the upload. */
  cancel(token: string): Promise<void>;
}
