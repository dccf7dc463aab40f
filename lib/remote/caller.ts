import type { Person } from '../session/api-cookie-holder.ts'
import type { Session } from '../session/session.ts'
import { type MaybePromise, StoreUnavailableError, whenKnown } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import type { LoggedCall } from './answer.ts'
import type { CallServices, FoundSession, ReadSession } from './call-services.ts'
import type { ReadyRemote } from './prepare-remote.ts'
import type { AnswerHeaders } from './response-headers.ts'

/** Whose cookies of an API go along with a call; `unknown` when the store could not say, and then none do. */
export type CookieOwner = Person | 'nobody' | 'unknown'

/** Who makes a call. */
export interface Caller {
  /** For the token; undefined, too, where the remote's token is not of a session. */
  readonly session: Session | undefined
  /** A session cookie that has to be renewed. */
  readonly setCookie: string | undefined
  readonly cookieHeader: string | undefined
  readonly cookieOwner: CookieOwner
}

const anonymous = { session: undefined, setCookie: undefined, cookieOwner: 'nobody' } as const
export const nobody: Caller = { ...anonymous, cookieHeader: undefined }
const noCookies: readonly string[] = []

/** Reads the session of a call, where the remote's token or its cookies depend on one. */
export function findCaller(
  { readSession, log }: Pick<CallServices, 'readSession' | 'log'>,
  remote: Pick<ReadyRemote, 'needsSession' | 'cookies'>,
  cookieHeader: string | undefined,
  call: { readonly logged: LoggedCall },
): MaybePromise<Caller> {
  if (remote.needsSession) {
    const found = readSession(cookieHeader, 'use', () => logForgedTicket(log, call))
    return whenKnown(found, (it) => callerOf(it, cookieHeader))
  }
  if (!remote.cookies) return nobody
  const owner = ownerNow(readSession, cookieHeader)
  return whenKnown(owner, (cookieOwner) => ({ ...anonymous, cookieHeader, cookieOwner }))
}

/** The `Cookie` that goes along with a call to the API. */
export function cookiesToApi(
  { cookies }: Pick<ReadyRemote, 'cookies'>,
  { cookieHeader, cookieOwner }: Caller,
): string | undefined {
  return cookieOwner === 'unknown' ? undefined : cookies?.toApi(cookieHeader, personOf(cookieOwner))
}

/**
 * The API's cookies for the browser. A slow answer may come when the session that asked has ended and somebody else
 * sits there, or when nobody can say: then they are dropped, and the answer passes without them.
 */
export function cookiesToBrowser(
  { readSession }: Pick<CallServices, 'readSession'>,
  { cookies }: Pick<ReadyRemote, 'cookies'>,
  headers: AnswerHeaders,
  { caller, upstreamPath }: { readonly caller: Caller; readonly upstreamPath: string },
): MaybePromise<readonly string[]> {
  const lines = headers['set-cookie']
  const { cookieHeader, cookieOwner } = caller
  if (lines === undefined || cookieOwner === 'unknown' || !cookies?.isAnyOf(lines)) return noCookies
  const call = { upstreamPath, cookieHeader, person: personOf(cookieOwner) }
  if (cookieOwner === 'nobody') return cookies.toBrowser(lines, call)
  return whenKnown(ownerNow(readSession, cookieHeader), (now) =>
    typeof now === 'string' ? noCookies : cookies.toBrowser(lines, call),
  )
}

/** A call with a ticket that is not ours. */
function logForgedTicket(log: Log, { logged }: { readonly logged: LoggedCall }): void {
  const { requestId, route, client } = logged
  log.event('request.suspicious', { requestId, what: 'forged_ticket', route, client })
}

function callerOf(found: FoundSession, cookieHeader: string | undefined): Caller {
  if (found.kind === 'none') return { ...anonymous, cookieHeader }
  const { session, setCookie } = found
  return { session, setCookie, cookieHeader, cookieOwner: session.record }
}

/** A look is no use: neither a cookie nor a late answer keeps a session alive. */
function ownerNow(
  readSession: ReadSession,
  cookieHeader: string | undefined,
): MaybePromise<CookieOwner> {
  try {
    return whenKnown(readSession(cookieHeader, 'peek'), ownerOf, ifStoreIsDown)
  } catch (cause) {
    return ifStoreIsDown(cause)
  }
}

function ownerOf(found: FoundSession): CookieOwner {
  return found.kind === 'session' ? found.session.record : 'nobody'
}

function ifStoreIsDown(cause: unknown): CookieOwner {
  if (cause instanceof StoreUnavailableError) return 'unknown'
  throw cause
}

function personOf(owner: Person | 'nobody'): Person | undefined {
  return owner === 'nobody' ? undefined : owner
}
