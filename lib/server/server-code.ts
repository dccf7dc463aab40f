import { isOwnParameter } from '../config/parameters.ts'
import type { RemoteSettings } from '../config/remote.ts'
import { given } from '../http/given.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { StoreUnavailableError } from '../store/key-value.ts'
import type { ExchangedToken } from '../tokens/exchanged-token.ts'
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
  /** As the remote of that name gets one: its resource and scope, its exchange (RFC 8693). In place of both. */
  readonly remote?: string
}

/** For one use of a machine token, in place of what `clients` says. */
export interface ClientTokenFor {
  readonly resource?: string
  readonly scope?: string
  /** More parameters of the token request. Those that Cloakroom sets by itself are a TypeError. */
  readonly parameters?: Readonly<Record<string, string>>
}

/** Tokens for server code: in route handlers, Server Components, workers and socket handlers. */
export interface ServerCode<Client extends string = string> {
  /** The user's access token, refreshed ahead of expiry. Expected failures are values; never rejects. */
  userToken(whose: Whose, target?: TokenFor): Promise<TokenResult>
  /**
   * A `fetch` with the user's token: renewed when due, one retry after a 401 or a DPoP nonce challenge.
   * @throws TokenUnavailableError (from the fetch) when there is no token; its `code` says why
   */
  userFetch(whose: Whose, target?: TokenFor): typeof fetch
  /** A machine token of a client in `clients`. Expected failures are values; never rejects. */
  clientToken(
    client: Client,
    options?: ClientTokenFor & { readonly forceRenewal?: boolean },
  ): Promise<TokenResult>
  /** A `fetch` with a machine token; as `userFetch`. */
  clientFetch(client: Client, target?: ClientTokenFor): typeof fetch
  /**
   * Forgets a client's token in this process and in the store, after its rights were changed at the
   * provider. Rejects with StoreUnavailableError.
   */
  forgetClientToken(client: Client): Promise<void>
}

export interface ServerCodeDeps {
  readonly sessions: Pick<Sessions, 'read' | 'readFresh'>
  readonly keyOf: (sessionId: string) => string
  readonly userToken: UserToken
  readonly clientToken: MachineTokens
  readonly exchangedToken: ExchangedToken
  readonly remotes: Readonly<Record<string, RemoteSettings>>
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
      return session ? await tokenFor(session, target) : { kind: 'failed', code: 'not_signed_in' }
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error
      return { kind: 'failed', code: 'store_unavailable' }
    }
  }

  function tokenFor(session: Session, target: TokenFor & { rejected?: string }) {
    const { remote: name, rejected, ...rest } = target
    const without = rejected === undefined ? {} : { rejected }
    if (name === undefined) return deps.userToken(session, { ...rest, ...without })
    const remote = Object.hasOwn(deps.remotes, name) ? deps.remotes[name] : undefined
    if (!remote) throw new TypeError(`there is no remote ${name} in the configuration`)
    if (remote.exchange) return deps.exchangedToken(session, remote, without)
    const { resource, scope } = remote
    return deps.userToken(session, { ...given({ resource, scope }), ...without })
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
    async clientToken(client, { forceRenewal = false, ...target } = {}) {
      const asked = askedOf(target)
      const token = await machineToken(client, { asked })
      const known = token.kind === 'bearer' || token.kind === 'dpop'
      return forceRenewal && known ? machineToken(client, { asked, unwanted: token.token }) : token
    },
    clientFetch(client, target = {}) {
      const asked = askedOf(target)
      return createTokenFetch({
        fetch: deps.fetch,
        token: (rejected) => machineToken(client, { asked, ...rejected }),
      })
    },
    forgetClientToken: (client) => deps.clientToken.forget(client),
  }
}

function askedOf({ resource, scope, parameters = {} }: ClientTokenFor): Record<string, string> {
  for (const name of Object.keys(parameters)) {
    if (!isOwnParameter('clientCredentials', name)) continue
    throw new TypeError(
      `parameters.${name} is set by Cloakroom itself; scope and resource are options`,
    )
  }
  return { ...parameters, ...given({ resource, scope }) }
}
