const DEFAULT_URL = 'http://127.0.0.1:8080';

export const SERVICE_HELP = `  --url URL           where Tablao is (default: TABLAO_URL, or ${DEFAULT_URL}); for a project in the cloud
                      npm run proxy opens it there; TABLAO_TOKEN is sent as a bearer token
`;

/** Where the service is, and what lets us in. */
export function serviceOptions(
  url: string | undefined,
  env: NodeJS.ProcessEnv,
): { readonly url: string; readonly token: string | null } {
  return { url: url ?? env.TABLAO_URL ?? DEFAULT_URL, token: env.TABLAO_TOKEN ?? null };
}
