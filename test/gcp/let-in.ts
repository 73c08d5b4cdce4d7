/** The only bearer token that is let in, or what tells it of an `Authorization` header; `null` = everybody is. */
export type LetIn = string | null | ((authorization: string | undefined) => boolean);

export function isLetIn(token: LetIn, authorization: string | undefined): boolean {
  if (typeof token === 'function') return token(authorization);
  return token === null || authorization === `Bearer ${token}`;
}
