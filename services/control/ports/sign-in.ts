import type { CallerSeen } from './identity.ts';

/** Ties the way back to the way out. The browser that began keeps it, where it cannot be read or changed. */
export interface SignInBegun {
  /** Comes back with the browser: nobody else's way back is taken for this one. */
  readonly state: string;
  /** Stands in the token: one that was made for another sign-in does not count. */
  readonly nonce: string;
  /** Goes with the code (PKCE, RFC 7636): without it a code that was overheard is worth nothing. */
  readonly verifier: string;
}

/** Lets people say who they are with their Google account (OpenID Connect, authorization code flow). */
export interface SignIn {
  /** Where the browser is sent to, so that it comes back to `returnTo` with a `state` and a `code`. */
  begin(returnTo: string): Promise<{ readonly begun: SignInBegun; readonly address: string }>;
  /**
   * Who has come back with this code, which counts once. `PortError('transient')` when Google did not answer, `denied` when
   * it does not know this service.
   */
  finish(begun: SignInBegun, returnTo: string, code: string): Promise<CallerSeen>;
}
