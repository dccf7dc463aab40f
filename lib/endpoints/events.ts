import { problem } from '../http/problem.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Endpoint } from './endpoint.ts'
import type { EventStreams } from './event-streams.ts'

export interface EventsDeps {
  readonly sessions: Pick<Sessions, 'read'>
  readonly streams: Pick<EventStreams, 'open'>
}

/**
 * `GET /bff/events`: server-sent events of the session that asks. `signed-out` `{ reason }`, after which the server closes;
 * `expiring` `{ inSeconds }`; `extended` `{ expiresIn }`, at the beginning too. An open stream extends nothing.
 */
export function createEvents({ sessions, streams }: EventsDeps): Endpoint {
  return async (incoming) => {
    const { cookies = '', requestId, request } = incoming
    const onForged = () => incoming.suspicious('forged_ticket')
    const read = await sessions.read(cookies, 'peek', onForged)
    if (read.kind === 'none') return problem('not_signed_in', { requestId })
    const headers = new Headers(eventHeaders)
    if (read.setCookie !== undefined) headers.append('set-cookie', read.setCookie)
    if (request.method === 'HEAD') return new Response(null, { headers })
    const body = streams.open(read.session)
    return typeof body === 'string' ? problem(body, { requestId }) : new Response(body, { headers })
  }
}

const eventHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  // What stands in between neither keeps it, nor packs it, nor waits for more of it.
  'cache-control': 'private, no-store, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
  vary: 'Cookie',
}
