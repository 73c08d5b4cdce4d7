import type { FastifyBaseLogger } from 'fastify';
import type { EpochMs } from '../core/time.ts';
import type { Renders, Scenes } from '../ports/buckets.ts';
import type { Records } from '../ports/records.ts';
import type { Ticker } from '../ports/ticker.ts';
import type { Uploads } from '../ports/uploads.ts';
import type { RunTick } from '../reconcile/tick.ts';
import type { Machines } from './machines.ts';
import type { PageFiles } from './page-files.ts';
import type { People } from './people.ts';

/** What the routes need from the world; `compose.ts` hands it over. */
export interface AppDeps {
  readonly log: FastifyBaseLogger;
  readonly records: Records;
  readonly renders: Renders;
  /** To see what need not be uploaded again. */
  readonly scenes: Pick<Scenes, 'look'>;
  readonly uploads: Uploads;
  /** Takes the bytes of uploads itself (local mode); `null` = another server does. */
  readonly uploadStore: UploadStore | null;
  readonly ticker: Ticker;
  readonly runTick: RunTick;
  readonly clock: { now(): EpochMs };
  /** A new id that is a safe file name. */
  readonly newId: () => string;
  readonly manager: ManagerBehind;
  /** Whether the service can do its work; `/healthz` says it. */
  readonly isReady: () => boolean;
  /** The page as browsers get it. */
  readonly page: () => Promise<PageFiles>;
  /** Names under which people reach the page, without a port. Anything else is another site's doing. */
  readonly knownHosts: readonly string[];
  /**
   * Whom the routes are for: `machines` = the scheduler's and the bucket's only, `people` = all others, `all` = both (this
   * machine).
   */
  readonly serves: 'all' | 'machines' | 'people';
  /** Who may call `/tick` and `/events/storage`; left out = whoever can reach them (this machine only). */
  readonly machines?: Machines;
  /** Who may use the page and what is behind it; left out = whoever can reach it (this machine only). */
  readonly people?: People;
  /** Dollars for a GiB that leaves the renders bucket; left out = it costs nothing. */
  readonly egressPricePerGiB?: number;
  /** The project that trace ids belong to; `null` outside Google Cloud. */
  readonly project: string | null;
}

/** The way to Flamenco Manager's own pages and API. */
export interface ManagerBehind {
  /** What stands before each of its paths there: `''`, or the path of a service proxy, which it puts into pages and redirects. */
  readonly prefix: string;
  /** Where it is reached now, and with which headers; `null` = there is none. `PortError('transient')` = could not be told. */
  find(): Promise<{ readonly origin: string; readonly headers: Readonly<Record<string, string>> } | null>;
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
