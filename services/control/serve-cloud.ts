import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createIapIdentity } from './adapters/gcp/iap.ts';
import { createPrivateIdentity, createPublicIdentity } from './adapters/gcp/identity.ts';
import type { CloudConfig } from './cloud-config.ts';
import { cloudPolicy } from './cloud-policy.ts';
import { cloudSettings } from './cloud-settings.ts';
import { type CloudEndpoints, composeCloudPorts } from './compose-cloud.ts';
import { buildApp } from './http/app.ts';
import type { Door } from './http/door.ts';
import { once, readPage } from './http/page-files.ts';
import { createOneTick } from './one-tick.ts';
import type { Identity } from './ports/identity.ts';
import { createReconciler } from './reconcile/reconcile.ts';

/** Cloud Run kills what has not ended 10 s after SIGTERM. */
const FAREWELL_MS = 9000;
/** The first upload after a deployment may be older than the first look, which follows it by a minute at most. */
const INTAKE_SLACK_MS = 5 * 60_000;
/** Dollars a GiB to the internet from most regions, up to 1 TiB a month (list price, November 2026). */
const EGRESS_PRICE = 0.12;
/** The page as `npm run build` leaves it beside the bundle; `null` = this is no bundle. */
const PAGE_DIR = import.meta.filename.endsWith('.mjs') ? resolve(import.meta.dirname, '..', 'page') : null;

export interface CloudService {
  readonly app: FastifyInstance;
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Ends the running pass, lets others have the lease, and closes. */
  stop(): Promise<void>;
  /** The exit code, once it has been told to end. */
  readonly stopped: Promise<number>;
}

/**
 * The service on Google Cloud: listens, and does nothing unless it is asked (Cloud Run gives no processor between requests).
 * `endpoints`: other servers than Google's, for tests.
 */
export async function serveCloud(
  config: CloudConfig,
  log: Logger,
  endpoints: Partial<CloudEndpoints> = {},
): Promise<CloudService> {
  const { ports, uploads, ticker, manager } = composeCloudPorts(cloudSettings(config), log, endpoints);
  const { clock } = ports;
  const { wait, oneAtATime } = createOneTick();
  const reconciler = createReconciler({
    ports,
    policy: cloudPolicy(config),
    log,
    holder: randomUUID(),
    intakeSince: clock.now() - INTAKE_SLACK_MS,
    wait,
  });
  const app = buildApp({
    ...{ log, uploads, ticker, manager, clock },
    records: ports.records,
    renders: ports.renders,
    scenes: ports.scenes,
    uploadStore: null,
    runTick: oneAtATime(reconciler.runTick),
    newId: randomUUID,
    isReady: () => true,
    page: once(async () =>
      PAGE_DIR === null ? (await import('../page/build.ts')).buildPage() : readPage(PAGE_DIR),
    ),
    knownHosts: config.knownHosts,
    serves: config.role === 'control' ? 'machines' : 'people',
    machines: {
      identity: machineIdentity(config, clock, endpoints),
      tickAccount: config.accounts.tick,
      eventsAccount: config.accounts.events,
    },
    people: {
      identity: personIdentity(config, clock, endpoints),
      allowed: config.people,
      ...(config.signIn && { door: await doorFor(config.signIn, clock, endpoints) }),
    },
    egressPricePerGiB: EGRESS_PRICE,
    project: config.project,
  });
  const stop = async () => {
    reconciler.stop();
    await app.close();
    await reconciler.release().catch((err: unknown) => log.warn({ err }, 'lease not given back'));
  };
  const stopped = Promise.withResolvers<number>();
  closeWithGrace({ delay: FAREWELL_MS, logger: false }, async ({ err }) => {
    if (err !== undefined) log.fatal({ err }, 'the service ends');
    await stop();
    stopped.resolve(err === undefined ? 0 : 1);
  });
  const url = await app.listen({ host: config.host, port: config.port });
  log.info({ role: config.role, url }, 'listening');
  return { app, url, stop, stopped: stopped.promise };
}

type Clock = { now(): number };

function machineIdentity(
  { authMode, audiences }: CloudConfig,
  clock: Clock,
  { certs }: Partial<CloudEndpoints>,
): Identity {
  if (authMode === 'private') return createPrivateIdentity({ audiences, clock });
  return createPublicIdentity({ audiences, clock, ...(certs && { endpoints: certs }) });
}

/** Behind IAP its word counts and nothing else; else what Cloud Run's IAM has let through, or the token of a program. */
function personIdentity(config: CloudConfig, clock: Clock, endpoints: Partial<CloudEndpoints>): Identity {
  const { iapAudiences: audiences } = config;
  if (audiences.length === 0) return machineIdentity(config, clock, endpoints);
  const { certs } = endpoints;
  return createIapIdentity({ audiences, clock, ...(certs && { endpoints: certs }) });
}

/** Loaded only where people sign in. */
async function doorFor(
  { sessionKey, ...client }: NonNullable<CloudConfig['signIn']>,
  clock: Clock,
  { certs }: Partial<CloudEndpoints>,
): Promise<Door> {
  const [{ createGoogleSignIn }, { createSeals }] = await Promise.all([
    import('./adapters/gcp/sign-in.ts'),
    import('./http/seals.ts'),
  ]);
  return {
    signIn: createGoogleSignIn({ ...client, clock, ...(certs && { endpoints: certs }) }),
    seals: createSeals(sessionKey, clock),
  };
}
