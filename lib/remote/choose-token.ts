import type { RemoteSettings } from '../config/remote.ts'
import type { RemoteTokenHook } from '../config/remote-token.ts'
import { given } from '../http/given.ts'
import type { Session } from '../session/session.ts'
import { type MaybePromise, StoreUnavailableError } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import type { TokenFailure, TokenResult } from '../tokens/token-result.ts'

/** The token services, as the proxy calls them. */
export interface TokenSources {
  readonly userToken: (
    session: Session,
    target: { resource?: string; scope?: string; rejected?: string },
  ) => MaybePromise<TokenResult>
  readonly clientToken?: (
    client: string,
    options: { rejected?: string },
  ) => MaybePromise<TokenResult>
  readonly exchangedToken?: (
    session: Session,
    remote: RemoteSettings,
    options: { rejected?: string },
  ) => MaybePromise<TokenResult>
  readonly log: Log
}

/** What a token hook is told about the call. */
export interface CallFacts {
  readonly method: string
  /** Path and query on the target. */
  readonly upstreamPath: string
}

/**
 * The token for one call: of the user whose session was read, of a machine client, or none.
 * `rejected` is the token that the API has just refused.
 */
export type ChooseToken = (
  session: Session | undefined,
  facts: CallFacts,
  rejected: string | undefined,
) => MaybePromise<TokenResult>

const none: TokenResult = { kind: 'none' }
const notSignedIn: TokenResult = { kind: 'failed', code: 'not_signed_in' }
const misconfigured: TokenResult = { kind: 'failed', code: 'provider_misconfigured' }

/** Whether the session of a request is read at all. */
export function needsSession(remote: Pick<RemoteSettings, 'token'>): boolean {
  return remote.token !== 'client' && remote.token !== 'none'
}

/**
 * Makes the choice for one remote. A signed-in user's failing token is a failure for every kind that
 * names `user`: never silently a machine's token, never silently none.
 */
export function createChooseToken(remote: RemoteSettings, sources: TokenSources): ChooseToken {
  const target = given({ resource: remote.resource, scope: remote.scope })

  function ofUser(session: Session, rejected: string | undefined): MaybePromise<TokenResult> {
    if (remote.exchange) {
      if (!sources.exchangedToken) return misconfigured
      return sources.exchangedToken(session, remote, rejected === undefined ? {} : { rejected })
    }
    return sources.userToken(session, rejected === undefined ? target : { ...target, rejected })
  }

  function ofClient(rejected: string | undefined): MaybePromise<TokenResult> {
    if (remote.client === undefined || !sources.clientToken) return misconfigured
    return sources.clientToken(remote.client, rejected === undefined ? {} : { rejected })
  }

  const kind = remote.token
  if (typeof kind === 'function') return createHookChoice(remote.name, kind, ofUser, sources.log)
  switch (kind) {
    case 'user':
      return (session, _facts, rejected) => (session ? ofUser(session, rejected) : notSignedIn)
    case 'client':
      return (_session, _facts, rejected) => ofClient(rejected)
    case 'user-or-client':
      return (session, _facts, rejected) =>
        session ? ofUser(session, rejected) : ofClient(rejected)
    case 'user-or-none':
      return (session, _facts, rejected) => (session ? ofUser(session, rejected) : none)
    case 'none':
      return () => none
  }
}

/** Carries a failure of the user's token through a hook that does not catch it. */
class UserTokenError extends Error {
  readonly code: TokenFailure
  constructor(code: TokenFailure) {
    super(`the user's token could not be had: ${code}`)
    this.code = code
  }
}

const soundToken = /^[\x21-\x7e]+$/

function createHookChoice(
  name: string,
  hook: RemoteTokenHook,
  ofUser: (session: Session, rejected: string | undefined) => MaybePromise<TokenResult>,
  log: Log,
): ChooseToken {
  return async (session, facts, rejected) => {
    let users: TokenResult | undefined
    const userToken = async () => {
      if (!session) return undefined
      users = await ofUser(session, rejected)
      if (users.kind === 'failed') throw new UserTokenError(users.code)
      return users.kind === 'none' ? undefined : users.token
    }
    const user = session && { sub: session.record.sub, claims: session.record.claims }
    try {
      const { method, upstreamPath: path } = facts
      const context = { remote: name, method, path, userToken }
      const token = await hook(user ? { ...context, user } : context)
      if (token === undefined) return none
      // A bound token needs its proof, whoever hands it on.
      if (users?.kind === 'dpop' && users.token === token) return users
      if (!soundToken.test(token)) throw new TypeError('the token hook gave no token')
      return { kind: 'bearer', token }
    } catch (cause) {
      if (cause instanceof StoreUnavailableError) throw cause
      if (cause instanceof UserTokenError) return { kind: 'failed', code: cause.code }
      log.event('unexpected.error', { where: `token hook of remote ${name}`, cause })
      return { kind: 'failed', code: 'token_unavailable' }
    }
  }
}
