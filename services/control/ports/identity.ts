/** The headers of a request that may carry a token; `''` = it is there and cannot be used. */
export interface TokenHeaders {
  readonly authorization?: string | undefined;
  /** Cloud Run looks at this one first, and then passes `authorization` on unseen. */
  readonly 'x-serverless-authorization'?: string | undefined;
  /** What Identity-Aware Proxy says about the person that it has let through. */
  readonly 'x-goog-iap-jwt-assertion'?: string | undefined;
}

/** Who it is that calls, or why nobody knows. */
export type CallerSeen =
  | {
      readonly kind: 'known';
      readonly email: string;
      /** The domain whose organisation runs the account, `null` = none does; left out = this way in does not tell. */
      readonly organisation?: string | null;
    }
  | {
      readonly kind: 'refused';
      readonly why:
        | 'noToken'
        | 'unreadable'
        | 'expired'
        | 'wrongAudience'
        | 'wrongIssuer'
        | 'noEmail'
        | 'forged'
        | 'wrongNonce'
        | 'codeRefused';
    };

/** Reads the token that Google's services send along with their calls. */
export interface Identity {
  /** `PortError('transient')` when Google's keys could not be fetched. */
  identify(headers: TokenHeaders): Promise<CallerSeen>;
}
