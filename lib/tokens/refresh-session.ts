import type { AddedParameters } from '../config/token-parameters.ts'
import { given } from '../http/given.ts'
import type { TokenAnswer } from '../oidc/token-answer.ts'
import type { EndNotes } from '../session/end-notes.ts'
import { refreshLifeAfter } from '../session/refresh-life.ts'
import type { AccessToken, Session, SessionRecord } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { StoreUnavailableError } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import { accessTokenFrom } from './access-token.ts'
import type { LeftTokens } from './left-tokens.ts'
import type { CheckAudience } from './named-audience.ts'
import type { RefreshGrant, RefreshOutcome } from './refresh-grant.ts'
import { type RefreshedIdentityDeps, takeIdentity } from './refreshed-identity.ts'
import type { ReplacedSessions } from './replaced-session.ts'
import type { Revocation } from './revocation.ts'
import type { TokenFailure } from './token-result.ts'

export interface RefreshDeps extends RefreshedIdentityDeps {
  readonly sessions: Pick<Sessions, 'readFresh' | 'save' | 'end'>
  readonly grant: RefreshGrant
  readonly replaced: Pick<ReplacedSessions, 'livesOn'>
  readonly revoke: Revocation
  readonly left: Pick<LeftTokens, 'note' | 'forget'>
  readonly endNotes: Pick<EndNotes, 'note'>
  /** The remotes that ask for this resource and scope, by name: for the log. */
  readonly remotesOf: (target: { resource?: string; scope?: string }) => readonly string[]
  readonly checkAudience: CheckAudience
  readonly log: Log
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
}

export interface RefreshRequest {
  readonly slot: string
  readonly resource?: string
  readonly scope?: string
  readonly added?: AddedParameters
  /** Whether a token of the slot that somebody else obtained will do. */
  readonly isUsable: (token: AccessToken) => boolean
}

/** `kept`: the session lives on, but there is no new token; the caller may use the old one while valid. */
export type RefreshResult =
  | { readonly kind: 'token'; readonly token: AccessToken; readonly record: SessionRecord }
  | { readonly kind: 'ended' }
  | { readonly kind: 'kept'; readonly code: TokenFailure; readonly record: SessionRecord }

type Refreshed = Extract<RefreshOutcome, { readonly kind: 'refreshed' }>

/** How long a rotated refresh token is held for a store that is away: losing it costs a sign-in. */
const saveForMs = 30_000
const maxTokens = 50

/**
 * One refresh, to be run by the holder of the session's lease: reads the session again, stops if another
 * instance has done it, refreshes, saves by compare-and-set. Rejects only when the store is away before
 * the token request was made.
 */
export async function refreshSession(
  deps: RefreshDeps,
  sessionKey: string,
  request: RefreshRequest,
): Promise<RefreshResult> {
  // Twice at most: a rejected refresh token may have been rotated by an instance that lost its lease.
  let tried: string | undefined
  for (;;) {
    const session = await deps.sessions.readFresh(sessionKey)
    if (!session) return { kind: 'ended' }
    const { record } = session
    const present = record.accessTokens[request.slot]
    if (present && request.isUsable(present)) return { kind: 'token', token: present, record }
    const { refreshToken } = record
    if (refreshToken === undefined) return { kind: 'kept', code: 'token_expired', record }
    if (refreshToken === tried) return endRejected(deps, session)
    const startedAt = deps.now()
    const outcome = await deps.grant({
      refreshToken,
      ...given({
        resource: request.resource,
        scope: request.scope,
        added: request.added,
        dpopKey: record.dpopKey,
      }),
      expected: { sub: record.sub, issuer: record.issuer },
    })
    if (outcome.kind === 'refreshed') return save(deps, session, request, outcome, startedAt)
    if (outcome.kind === 'foreign') return endForeign(deps, session, outcome)
    if (outcome.kind === 'refused-additions') {
      return refuseAdditions(deps, session, request, outcome)
    }
    if (outcome.kind !== 'rejected') return keep(deps, session, outcome)
    deps.log.event('token.refresh.rejected', { sub: record.sub, ...detail(outcome) })
    if (tried !== undefined) return endRejected(deps, session)
    tried = refreshToken
  }
}

async function endRejected(deps: RefreshDeps, session: Session): Promise<RefreshResult> {
  await deps.endNotes.note(session.key, 'expired')
  if (await deps.sessions.end(session)) {
    deps.log.event('sign_out.done', { sub: session.record.sub, reason: 'refresh_rejected' })
    await deps.left.forget(session.key)
  }
  return { kind: 'ended' }
}

/** Nothing of it is saved, and what was obtained for somebody else must not live on. */
async function endForeign(
  deps: RefreshDeps,
  session: Session,
  outcome: Extract<RefreshOutcome, { kind: 'foreign' }>,
): Promise<RefreshResult> {
  deps.log.event('token.refresh.rejected', { sub: session.record.sub, ...detail(outcome) })
  const ended = await endRejected(deps, session)
  await revokeObtained(deps, session, outcome)
  return ended
}

async function revokeObtained(
  { revoke }: RefreshDeps,
  { record }: Session,
  { tokens }: Pick<Refreshed, 'tokens'>,
): Promise<void> {
  const { sub, dpopKey } = record
  const refreshToken = tokens.refreshToken ?? record.refreshToken
  await revoke({ refreshToken, accessTokens: [tokens.accessToken], dpopKey }, sub)
}

function keep(
  deps: RefreshDeps,
  { record }: Pick<Session, 'record'>,
  outcome: Extract<RefreshOutcome, { kind: 'unavailable' | 'misconfigured' }>,
): RefreshResult {
  const cause = outcome.cause === undefined ? {} : { cause: outcome.cause }
  if (outcome.kind === 'misconfigured') {
    const fix =
      outcome.status === undefined
        ? 'nothing could be sent: see the cause'
        : misconfigurationFixes[outcome.refused]
    const about = { ...detail(outcome), ...cause, fix }
    deps.log.event('token.refresh.misconfigured', { sub: record.sub, ...about })
    return { kind: 'kept', code: 'token_unavailable', record }
  }
  const { status = 0 } = outcome
  const fix = status >= 400 && status < 500 ? { fix: switchedOff } : {}
  const about = { ...detail(outcome), ...cause, ...fix }
  deps.log.event('token.refresh.unavailable', { sub: record.sub, ...about })
  return { kind: 'kept', code: 'token_unavailable', record }
}

const switchedOff =
  'if it does not go away by itself: the client, its realm or the account may be switched off at the provider'

const misconfigurationFixes = {
  client:
    'the provider refused our client authentication: check the client id and its secret or key',
  request:
    'the provider refused the request, not the refresh token: see what its error means, and what this client may do there',
} as const

/**
 * What a remote, the settings or a hook ask for and the provider does not know ends nobody's session. Of
 * parameters that may hold anything the log gets the names.
 */
function refuseAdditions(
  deps: RefreshDeps,
  { record }: Session,
  request: RefreshRequest,
  outcome: Extract<RefreshOutcome, { kind: 'refused-additions' }>,
): RefreshResult {
  const remotes = deps.remotesOf(request)
  const whose = remotes.length === 0 ? '' : ` (remote ${remotes.join(', ')})`
  const { resource, scope, audience, ...others } = outcome.additions
  const targets = Object.entries({ resource, scope, audience }).filter(([, it]) => it !== undefined)
  const named = targets.map(([name, value]) => `${name} "${value}"`)
  if (Object.keys(others).length === 0) {
    deps.log.event('misconfiguration', {
      what: `the provider gives no token for ${named.join(' and ')}${whose}`,
      fix: 'compare what the remote, oidc.refreshParams or a hook asks for with what the provider knows, and ask for the scope at sign-in (OIDC_SCOPE)',
    })
  } else {
    const sent = [...Object.keys(others), ...named].join(', ')
    const fix = `the provider refused a refresh with ${sent}${whose}: compare oidc.refreshParams and the hook tokenRequest with what it knows`
    deps.log.event('token.refresh.misconfigured', { sub: record.sub, ...detail(outcome), fix })
  }
  return { kind: 'kept', code: 'token_unavailable', record }
}

async function save(
  deps: RefreshDeps,
  session: Session,
  request: RefreshRequest,
  outcome: Refreshed,
  startedAt: number,
): Promise<RefreshResult> {
  const { tokens, accessToken } = outcome
  const obtainedAt = deps.now()
  const token = accessToken && accessTokenFrom(accessToken, obtainedAt)
  const saved = await saveInsistently(
    deps,
    session,
    changeOf(request.slot, token, tokens, obtainedAt),
  )
  if (saved === 'replaced') return { kind: 'ended' }
  if (saved === 'ended') {
    // Signed out meanwhile: sign-out wins, and what we obtained must not outlive the session (T4).
    deps.log.event('token.refresh.orphaned', { sub: session.record.sub })
    await revokeObtained(deps, session, outcome)
    return { kind: 'ended' }
  }
  if (tokens.refreshToken !== undefined) void deps.left.note(saved, 'refreshed')
  const { idToken, accessToken: text } = tokens
  const { record } =
    idToken === undefined ? saved : await takeIdentity(deps, saved, { idToken, accessToken: text })
  if (!token) return keep(deps, { record }, unusable)
  noteMissingScope(deps.log, request.scope, token.scope)
  if (request.resource !== undefined) {
    const { resource } = request
    deps.checkAudience(token.token, { resource }, { remotes: deps.remotesOf(request) })
  }
  const { expiresInSeconds } = tokens
  deps.log.event('token.refreshed', {
    sub: record.sub,
    waitedMs: obtainedAt - startedAt,
    ...given({ resource: request.resource, expiresInSeconds }),
  })
  return { kind: 'token', token, record }
}

const unusable = {
  kind: 'unavailable',
  status: 200,
  cause: new Error('the token has another type than was asked for, or fits no header'),
} as const satisfies RefreshOutcome

function noteMissingScope(log: Log, asked: string | undefined, granted: string | undefined): void {
  // RFC 6749 section 5.1: a scope that is left out of the answer is the one that was asked for.
  if (asked === undefined || granted === undefined) return
  const given = new Set(granted.split(' '))
  const missing = asked.split(' ').filter((scope) => scope !== '' && !given.has(scope))
  if (missing.length === 0) return
  log.event('misconfiguration', {
    what: `a remote asks for the scope "${missing.join(' ')}", and its token lacks it`,
    fix: 'ask for it at sign-in too (OIDC_SCOPE), and allow it to this client at the provider',
  })
}

/** What a refresh changes of a record, as a function, so that it can be applied to a newer one. */
function changeOf(
  slot: string,
  token: AccessToken | undefined,
  answer: TokenAnswer,
  obtainedAt: number,
) {
  const { refreshToken } = answer
  return ({ refreshLife, ...record }: SessionRecord): SessionRecord => ({
    ...record,
    ...(token && { accessTokens: { ...latest(record.accessTokens), [slot]: token } }),
    // No new refresh token in the answer: the old one stays (T7).
    ...given({ refreshToken, refreshLife: refreshLifeAfter(answer, obtainedAt, refreshLife) }),
  })
}

/** A hook may tell any number of tokens apart, and a record has to stay small. */
function latest(tokens: SessionRecord['accessTokens']): SessionRecord['accessTokens'] {
  const all = Object.entries(tokens)
  if (all.length < maxTokens) return tokens
  all.sort(([, one], [, other]) => other.obtainedAt - one.obtainedAt)
  return Object.fromEntries(all.slice(0, maxTokens - 1))
}

/**
 * What was saved, or how the session has come to its end meanwhile. Waits for a store that is away: the
 * old token is consumed.
 */
async function saveInsistently(
  deps: RefreshDeps,
  session: Session,
  change: (record: SessionRecord) => SessionRecord,
): Promise<Session | 'ended' | 'replaced'> {
  const giveUpAt = performance.now() + saveForMs
  let current: Session | undefined = session
  for (;;) {
    try {
      if (!current) return (await deps.replaced.livesOn(session.key)) ? 'replaced' : 'ended'
      const saved: Session | undefined = await deps.sessions.save(current, change(current.record))
      if (saved) return saved
      current = await deps.sessions.readFresh(session.key)
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || performance.now() > giveUpAt) throw error
      await deps.sleep(200)
    }
  }
}

function detail(outcome: { error?: string; status?: number }) {
  return given({ error: outcome.error, status: outcome.status })
}
