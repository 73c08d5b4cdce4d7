/** A Cloud Scheduler job as far as its calls need it. */
export interface CalledJob {
  readonly name: string;
  readonly httpTarget?: {
    readonly uri?: string;
    readonly httpMethod?: string | number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly oidcToken?: { readonly serviceAccountEmail?: string; readonly audience?: string };
    readonly oauthToken?: { readonly serviceAccountEmail?: string; readonly scope?: string };
  };
}

interface Options {
  /** Signs as the account, for this audience. */
  readonly oidc: (email: string, audience: string) => string;
  /** An access token of the account. */
  readonly oauth: (email: string) => string;
  /** Where hosts of Google's stand here: `container.googleapis.com` -> `http://127.0.0.1:1234`. */
  readonly hosts?: Readonly<Record<string, string>>;
}

/** The call of a job's target as Cloud Scheduler makes it. Returns the status of the answer; 0 = none. */
export function createCalls({ oidc, oauth, hosts = {} }: Options): (job: CalledJob) => Promise<number> {
  return async ({ name, httpTarget = {} }) => {
    const { uri = '', httpMethod = 'POST', headers, oidcToken, oauthToken } = httpTarget;
    const target = new URL(uri);
    const local = hosts[target.hostname];
    const url = local === undefined ? target : new URL(`${target.pathname}${target.search}`, local);
    const token =
      oauthToken === undefined
        ? // Its default audience is the whole address with its path.
          oidcToken && oidc(oidcToken.serviceAccountEmail ?? '', oidcToken.audience ?? uri)
        : oauth(oauthToken.serviceAccountEmail ?? '');
    try {
      const { status } = await fetch(url, {
        method: String(httpMethod),
        headers: {
          ...headers,
          'user-agent': 'Google-Cloud-Scheduler',
          'x-cloudscheduler': 'true',
          'x-cloudscheduler-jobname': name.split('/').at(-1) ?? '',
          'x-cloudscheduler-scheduletime': new Date().toISOString(),
          ...(token && { authorization: `Bearer ${token}` }),
        },
        signal: AbortSignal.timeout(180_000),
      });
      return status;
    } catch {
      return 0;
    }
  };
}

/** Whether a cron line (numbers and stars only, UTC) names this minute. */
export function isDue(schedule: string, at: number): boolean {
  const date = new Date(at);
  const now = [
    ...[date.getUTCMinutes(), date.getUTCHours(), date.getUTCDate()],
    ...[date.getUTCMonth() + 1, date.getUTCDay()],
  ];
  return schedule.split(' ').every((field, index) => field === '*' || Number(field) === now[index]);
}
