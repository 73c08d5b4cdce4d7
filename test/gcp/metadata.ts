import { json, type Server, startServer } from './server.ts';

export interface MetadataStandIn extends Server {
  /** The tokens that are good now: the newest one, and the one before it for a while longer. */
  isGood(authorization: string | undefined): boolean;
  /** Makes every token bad that was given out so far. */
  revoke(): void;
}

interface Options {
  readonly clock?: { now(): number };
  /** How long a token is good, in seconds. Google's library asks anew when less than five minutes are left. */
  readonly lifeSeconds?: number;
}

const HEADERS = { 'metadata-flavor': 'Google' };
const SERVICE_ACCOUNT = '/computeMetadata/v1/instance/service-accounts/default';

/** The metadata server that Google's libraries find on Cloud Run: who the machine is, and its access tokens. */
export async function startMetadata({
  clock = { now: () => Date.now() },
  lifeSeconds = 3599,
}: Options = {}): Promise<MetadataStandIn> {
  const tokens = new Map<string, number>();
  let count = 0;
  const server = await startServer({
    clock,
    failure: (status) => json(status, {}, HEADERS),
    answer: ({ url, headers }) => {
      if (headers['metadata-flavor'] !== 'Google') return json(403, {}, HEADERS);
      if (url.pathname === `${SERVICE_ACCOUNT}/token`) {
        count += 1;
        const token = `google-token-${count}`;
        tokens.set(token, clock.now() + lifeSeconds * 1000);
        return json(200, { access_token: token, expires_in: lifeSeconds, token_type: 'Bearer' }, HEADERS);
      }
      const text = TEXTS[url.pathname];
      if (text === undefined) return json(404, {}, HEADERS);
      return { status: 200, headers: { ...HEADERS, 'content-type': 'text/plain' }, body: text };
    },
  });
  return Object.assign(server, {
    isGood: (authorization: string | undefined) =>
      clock.now() < (tokens.get(authorization?.replace('Bearer ', '') ?? '') ?? 0),
    revoke: () => tokens.clear(),
  });
}

const TEXTS: Readonly<Record<string, string>> = {
  '/computeMetadata/v1/instance': 'instance',
  '/computeMetadata/v1/project/project-id': 'p',
  '/computeMetadata/v1/universe/universe-domain': 'googleapis.com',
  '/computeMetadata/v1/universe/universe_domain': 'googleapis.com',
  [`${SERVICE_ACCOUNT}/email`]: 'control@p.iam.gserviceaccount.com',
};
