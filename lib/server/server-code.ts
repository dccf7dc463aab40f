import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { StoreUnavailableError } from '../store/key-value.ts'
import type { MachineTokens } from '../tokens/machine-token.ts'
import type { TokenResult } from '../tokens/token-result.ts'
import type { UserToken } from '../tokens/user-token.ts'
import { createTokenFetch } from './token-fetch.ts'

/**
 * Whose token: the user of a request (anything with its headers), or a session id that
 * `sessions.list` or `sessions.current` gave, for code that runs outside of requests.
 */
export type Whose = { readonly headers: Headers } | string

/** For which API: a resource (RFC 8707) and scope, or the sign-in's own token. */
export interface TokenFor {
  readonly resource?: string
  readonly scope?: string
}

/** Tokens for server code: in route handlers, Server Components, workers and socket handlers. */
export interface ServerCode {
  /** The user's access token, refreshed ahead of expiry. Expected failures are values; never rejects. */
  userToken(whose: Whose, target?: TokenFor): Promise<TokenResult>
  /**
   * A `fetch` with the user's token: renewed when due, one retry after a 401 or a DPoP nonce challenge.
   * @throws TokenUnavailableError (from the fetch) when there is no token; its `code` says why
   */
  userFetch(whose: Whose, target?: TokenFor): typeof fetch
  /** A machine token of a client in `clients`. Expected failures are values; never rejects. */
  clientToken(client: string, options?: { forceRenewal?: boolean }): Promise<TokenResult>
  /** A `fetch` with a machine token; as `userFetch`. */
  clientFetch(client: string): typeof fetch
  /**
   * Forgets a client's token in this process and in the store, after its rights were changed at the
   * provider. Rejects with StoreUnavailableError.
   */
  forgetClientToken(client: string): Promise<void>
}

export interface ServerCodeDeps {
  readonly sessions: Pick<Sessions, 'read' | 'readFresh'>
  readonly keyOf: (sessionId: string) => string
  readonly userToken: UserToken
  readonly clientToken: MachineTokens
  readonly fetch: typeof fetch
}

export function createServerCode(deps: ServerCodeDeps): ServerCode {
  async function sessionOf(whose: Whose): Promise<Session | undefined> {
    if (typeof whose === 'string') return deps.sessions.readFresh(deps.keyOf(whose))
    const read = await deps.sessions.read(whose.headers.get('cookie') ?? undefined, 'use')
    return read.kind === 'session' ? read.session : undefined
  }

  async function tokenOf(
    whose: Whose,
    target: TokenFor & { rejected?: string },
  ): Promise<TokenResult> {
    try {
      const session = await sessionOf(whose)
      return session
        ? await deps.userToken(session, target)
        : { kind: 'failed', code: 'not_signed_in' }
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error
      return { kind: 'failed', code: 'store_unavailable' }
    }
  }

  async function machineToken(
    client: string,
    options: Parameters<MachineTokens>[1],
  ): Promise<TokenResult> {
    return deps.clientToken(client, options)
  }

  return {
    userToken: (whose, target = {}) => tokenOf(whose, target),
    userFetch: (whose, target = {}) =>
      createTokenFetch({
        fetch: deps.fetch,
        token: (rejected) => tokenOf(whose, { ...target, ...rejected }),
      }),
    async clientToken(client, { forceRenewal = false } = {}) {
      const token = await machineToken(client, {})
      const known = token.kind === 'bearer' || token.kind === 'dpop'
      return forceRenewal && known ? machineToken(client, { unwanted: token.token }) : token
    },
    clientFetch: (client) =>
      createTokenFetch({
        fetch: deps.fetch,
        token: (rejected) => machineToken(client, rejected),
      }),
    forgetClientToken: (client) => deps.clientToken.forget(client),
  }
}
