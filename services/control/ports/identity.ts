/** The headers of a request that may carry a token. */
interface TokenHeaders {
  readonly authorization?: string | undefined;
  /** Cloud Run looks at this one first, and then passes `authorization` on unseen. */
  readonly 'x-serverless-authorization'?: string | undefined;
}

/** Who a machine is that calls, or why nobody knows. */
export type CallerSeen =
  | { readonly kind: 'known'; readonly email: string }
  | {
      readonly kind: 'refused';
      readonly why:
        | 'noToken'
        | 'unreadable'
        | 'expired'
        | 'wrongAudience'
        | 'wrongIssuer'
        | 'noEmail'
        | 'forged';
    };

/** Reads the OIDC token that Google's services send along with their calls. */
export interface Identity {
  /** `PortError('transient')` when Google's keys could not be fetched. */
  identify(headers: TokenHeaders): Promise<CallerSeen>;
}
