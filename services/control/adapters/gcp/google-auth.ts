import type { GoogleAuth } from 'google-auth-library';
import { PortError } from '../../ports/errors.ts';
import { cloudWork } from './errors.ts';
import type { AccessToken } from './kube.ts';

/** RBAC in a cluster knows an account by its address only when the token may tell it. */
const SCOPES = [
  'https://www.googleapis.com/auth/cloud-platform',
  'https://www.googleapis.com/auth/userinfo.email',
];

/** What this machine may call itself at Google (ADC): on Cloud Run the service's own account. */
export interface Google {
  readonly auth: () => Promise<GoogleAuth>;
  /** Fetches a new token when less than five minutes are left of the old one: ask for each request, keep none. */
  readonly token: AccessToken;
}

export function createGoogle(): Google {
  let opened: Promise<GoogleAuth> | null = null;
  const auth = () => {
    opened ??= import('./load-auth.ts').then(({ GoogleAuth: Auth }) => new Auth({ scopes: SCOPES }));
    return opened;
  };
  return {
    auth,
    token: async () => {
      const doing = 'fetching an access token';
      const token = await cloudWork(doing, async () => (await auth()).getAccessToken());
      if (!token) throw new PortError('denied', doing);
      return token;
    },
  };
}
