import { problem } from '../http/problem.ts'
import { secondsLeft } from '../session/seconds-left.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { type Endpoint, json } from './endpoint.ts'

export interface UserDeps {
  readonly sessions: Pick<Sessions, 'read'>
  readonly now: () => number
  readonly basePath: string
  readonly anonymous: 401 | 200
}

/** One entry of the answer; arrays among the claims become one entry for each element. */
export interface ClaimEntry {
  readonly type: string
  readonly value: unknown
}

/** `GET /bff/user`: the allowed claims and what the SPA needs to know of its session. Never a token. */
export function createUser(deps: UserDeps): Endpoint {
  return async (incoming) => {
    const { url, cookies, requestId } = incoming
    const slide = url.searchParams.get('slide') !== 'false'
    const onForged = () => incoming.suspicious('forged_ticket')
    const read = await deps.sessions.read(cookies, slide ? 'use' : 'peek', onForged)
    if (read.kind === 'none') {
      return deps.anonymous === 200 ? json(200, null) : problem('not_signed_in', { requestId })
    }
    const setCookies = read.setCookie === undefined ? [] : [read.setCookie]
    return json(200, entriesOf(read.session, deps), setCookies)
  }
}

function entriesOf(session: Session, { now, basePath }: UserDeps): ClaimEntry[] {
  const { record } = session
  const claims = Object.entries(record.claims).flatMap(([type, value]) =>
    Array.isArray(value) ? value.map((each) => ({ type, value: each })) : [{ type, value }],
  )
  const sid = encodeURIComponent(record.handle)
  return [
    ...claims,
    { type: 'bff:session_expires_in', value: secondsLeft(session, now()) },
    ...(record.sessionState === undefined
      ? []
      : [{ type: 'bff:session_state', value: record.sessionState }]),
    { type: 'bff:logout_url', value: `${basePath}/logout?sid=${sid}` },
  ]
}
