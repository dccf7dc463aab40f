import { problem } from '../http/problem.ts'
import type { BrowserNames } from '../session/browser-names.ts'
import { listHandleOf } from '../session/keys.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import type { EndSessions } from '../tokens/end-sessions.ts'
import { type Endpoint, type EndpointRequest, json } from './endpoint.ts'

export interface SessionsEndpointDeps {
  readonly sessions: Pick<Sessions, 'read' | 'findBySub' | 'clearCookie'>
  readonly endSessions: EndSessions
  readonly idleSeconds: number
  readonly revoke: boolean
}

/** One line of the list. Times are ISO 8601. */
export interface ListedSession extends BrowserNames {
  /** Names it to `DELETE`; no credential. */
  readonly handle: string
  readonly begunAt: string
  /** As exact as uses are written: to `session.touchEvery`. */
  readonly lastUsedAt: string
  /** The one that asks. */
  readonly current: boolean
}

/** `/bff/sessions`: a person's own sessions, to look through and to end. Looking extends the one that asks only. */
export function createSessionsEndpoints(deps: SessionsEndpointDeps) {
  const { sessions } = deps

  async function own(incoming: EndpointRequest) {
    const onForged = () => incoming.suspicious('forged_ticket')
    const read = await sessions.read(incoming.cookies, 'use', onForged)
    if (read.kind === 'none') return undefined
    const { issuer, sub } = read.session.record
    const cookies = read.setCookie === undefined ? [] : [read.setCookie]
    return { current: read.session, cookies, all: await sessions.findBySub(issuer, sub) }
  }

  const signedOut = ({ requestId }: EndpointRequest) => problem('not_signed_in', { requestId })

  async function end(incoming: EndpointRequest, chosen: readonly Session[]): Promise<void> {
    const { requestId, background } = incoming
    const options = { revoke: deps.revoke, requestId }
    const { revoked } = await deps.endSessions(chosen, 'another_session', options)
    background(revoked)
  }

  function listed({ key, expiresAt, record }: Session, current: Session): ListedSession {
    // A use moves the end of the idle time; where the absolute end has come so near that it cannot, it is that old at most.
    const usedAt = Math.max(record.createdAt, expiresAt - deps.idleSeconds * 1000)
    return {
      handle: listHandleOf(key),
      begunAt: new Date(record.createdAt).toISOString(),
      lastUsedAt: new Date(usedAt).toISOString(),
      ...record.agent,
      current: key === current.key,
    }
  }

  const list: Endpoint = async (incoming) => {
    const found = await own(incoming)
    if (!found) return signedOut(incoming)
    const { all, current, cookies } = found
    const lines = all.map((it) => listed(it.key === current.key ? current : it, current))
    const newestFirst = lines.sort(
      (a, b) => compare(b.lastUsedAt, a.lastUsedAt) || compare(b.begunAt, a.begunAt),
    )
    return json(200, newestFirst, cookies)
  }

  const endOthers: Endpoint = async (incoming) => {
    const found = await own(incoming)
    if (!found) return signedOut(incoming)
    const { all, current, cookies } = found
    await end(
      incoming,
      all.filter(({ key }) => key !== current.key),
    )
    return noContent(cookies)
  }

  const endOne: Endpoint = async (incoming) => {
    const found = await own(incoming)
    if (!found) return signedOut(incoming)
    const { all, current, cookies } = found
    const handle = incoming.url.pathname.split('/').at(-1)
    const chosen = all.find(({ key }) => listHandleOf(key) === handle)
    // One that was somebody else's is told like one that never was.
    if (!chosen) return problem('not_found', { requestId: incoming.requestId })
    await end(incoming, [chosen])
    return noContent(chosen.key === current.key ? [sessions.clearCookie()] : cookies)
  }

  return { list, endOthers, endOne }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function noContent(setCookies: readonly string[]): Response {
  const headers = new Headers({ 'cache-control': 'private, no-store', vary: 'Cookie' })
  for (const cookie of setCookies) headers.append('set-cookie', cookie)
  return new Response(null, { status: 204, headers })
}
