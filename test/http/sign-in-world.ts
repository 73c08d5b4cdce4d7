import type { TestContext } from 'node:test';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { createPublicIdentity } from '../../services/control/adapters/gcp/identity.ts';
import { createGoogleSignIn } from '../../services/control/adapters/gcp/sign-in.ts';
import type { AppDeps } from '../../services/control/http/deps.ts';
import { createSeals } from '../../services/control/http/seals.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { type Bench, makeApp } from './app-for-tests.ts';
import { CLIENT_ID, CLIENT_SECRET, startAccounts } from './google-accounts.ts';

export const HOST = 'tablao-page-1.europe-west1.run.app';
const AUDIENCE = `https://${HOST}`;
export const KEY = Buffer.alloc(32, 7);
export const ANNA = 'anna@example.org';

type Accounts = Awaited<ReturnType<typeof startAccounts>>;

export interface Door {
  readonly accounts: Accounts;
  readonly clock: FakeClock;
  /** The service, started once more with another list or key: as a deployment does. */
  start(allowed: readonly string[], overrides?: Partial<AppDeps>, key?: Uint8Array): Bench;
}

/** A service with a door of its own, and the accounts that people sign in with. */
export async function aDoor(
  t: TestContext,
  host: () => string = () => HOST,
  emails: readonly string[] = [],
): Promise<Door> {
  const accounts = await startAccounts(t, () => `https://${host()}/sign-in/done`, emails);
  const clock = new FakeClock();
  const real = { now: () => Date.now() };
  const { endpoints } = accounts;
  const start: Door['start'] = (allowed, overrides = {}, key = KEY) => {
    const client = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
    return makeApp(t, {
      serves: 'people',
      clock,
      people: {
        identity: createPublicIdentity({ audiences: [AUDIENCE], clock: real, endpoints }),
        allowed,
        door: {
          signIn: createGoogleSignIn({ ...client, clock: real, endpoints }),
          seals: createSeals(key, clock),
        },
      },
      knownHosts: [HOST, '127.0.0.1'],
      ...overrides,
    });
  };
  return { accounts, clock, start };
}

/** A browser, as far as cookies go. */
export class Visitor {
  bench: Bench;
  readonly jar = new Map<string, string>();

  constructor(bench: Bench) {
    this.bench = bench;
  }

  /** Opens an address, as a person does. */
  open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<LightMyRequestResponse> {
    return this.send({ method: 'GET', url, headers: { accept: 'text/html,*/*;q=0.8', ...headers } });
  }

  /** What our page's scripts send. */
  post(url: string, body: unknown = {}): Promise<LightMyRequestResponse> {
    const headers = { 'content-type': 'application/json', origin: `https://${HOST}` };
    return this.send({ method: 'POST', url, headers, payload: JSON.stringify(body) });
  }

  async send(options: InjectOptions): Promise<LightMyRequestResponse> {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { host: HOST, ...(cookie === '' ? {} : { cookie }), ...options.headers };
    const answer = await this.bench.app.inject({ ...options, headers });
    for (const { name, value, maxAge, expires } of answer.cookies)
      if (maxAge === 0 || (expires !== undefined && expires.getTime() <= 0)) this.jar.delete(name);
      else this.jar.set(name, value);
    return answer;
  }

  /** Sets out to sign in; resolves to the address that it is sent to. */
  async begin(): Promise<string> {
    return String((await this.open('/sign-in')).headers.location);
  }

  /** Comes back from there. */
  comeBack(address: string, code: string): Promise<LightMyRequestResponse> {
    const state = new URL(address).searchParams.get('state') ?? '';
    return this.open(`/sign-in/done?${new URLSearchParams({ state, code })}`, {
      'sec-fetch-site': 'cross-site',
    });
  }

  async signIn(accounts: Accounts, email: string): Promise<LightMyRequestResponse> {
    const address = await this.begin();
    return this.comeBack(address, accounts.choose(address, email));
  }
}
