import type { Bff } from '../bff.ts'
import type { KnownSession } from '../server/read-session.ts'
import type { TokenFor } from '../server/server-code.ts'
import type { TokenResult } from '../tokens/token-result.ts'

/** Whoever is signed in, for an API of one's own. It holds no token: those are asked for, one by one. */
export interface LocalSession extends Omit<KnownSession, 'setCookie'> {
  /**
   * `fetch` with the user's token, for a `resource` or `scope` if they are given: renewed when due, one retry after
   * a 401 or a DPoP nonce challenge.
   * @throws TokenUnavailableError when there is no token; its `code` says why
   */
  fetch(url: string | URL, init?: RequestInit & TokenFor): Promise<Response>
  /** The user's access token, refreshed ahead of expiry. Expected failures are values; never rejects. */
  token(target?: TokenFor): Promise<TokenResult>
  /**
   * Ends the session here and revokes its tokens; the browser's ticket is worth nothing then. False when it had
   * ended already. Rejects with StoreUnavailableError.
   */
  end(): Promise<boolean>
}

export function localSession(
  bff: Pick<Bff, 'userFetch' | 'userToken' | 'sessions'>,
  known: KnownSession,
): LocalSession {
  const { setCookie: _, ...told } = known
  return {
    ...told,
    fetch: (url, { resource, scope, ...init } = {}) =>
      bff.userFetch(known.id, targetOf(resource, scope))(url, init),
    token: (target) => bff.userToken(known.id, target),
    end: () => bff.sessions.end(known.id),
  }
}

function targetOf(resource: string | undefined, scope: string | undefined): TokenFor {
  return {
    ...(resource === undefined ? {} : { resource }),
    ...(scope === undefined ? {} : { scope }),
  }
}
