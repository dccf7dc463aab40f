import type { Bff } from '../bff.ts'
import { failureCode } from '../endpoints/failure-code.ts'
import { createCors } from '../http/cors.ts'
import { passesCsrf } from '../http/csrf.ts'
import { clientAddress, createForwardedTrust } from '../http/forwarded.ts'
import { type ProblemCode, problemParts } from '../http/problem.ts'
import { requestId } from '../http/request-id.ts'
import { uncached } from '../http/uncached.ts'
import type { KnownSession } from '../server/read-session.ts'
import type { Log } from '../telemetry/log.ts'
import { secureHeaders } from './secure-head.ts'

/** What the guard looks at. Names of headers in lower case. */
export interface LocalRequest {
  readonly method: string
  readonly header: (name: string) => string | undefined
  readonly peerAddress: string
}

/** Headers as a flat list of names and values. */
export type Admission =
  | { readonly kind: 'admitted'; readonly session: KnownSession; readonly headers: string[] }
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly headers: string[]
      readonly body: string
    }

export interface LocalGuard {
  /** Who may come in, under the rules of a remote API: the CSRF rule, then the session. Never rejects. */
  admit(request: LocalRequest): Promise<Admission>
}

const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const route = 'local'

/** The guard in front of the app's own APIs. */
export function createLocalGuard(bff: Pick<Bff, 'settings' | 'readSession'>, log: Log): LocalGuard {
  const { publicOrigin, spa, trustProxy } = bff.settings
  const cors = createCors(spa.origins)
  const trusts = createForwardedTrust(trustProxy)
  const more: Readonly<Record<string, string>> = publicOrigin.startsWith('https:')
    ? secureHeaders
    : {}
  const vary = spa.origins.length > 0 ? 'Cookie, Origin' : uncached.vary

  async function answer(request: LocalRequest, id: string, corsHeaders: readonly string[]) {
    const { header } = request
    const forwardedFor = header('x-forwarded-for')
    const client = clientAddress(request.peerAddress, forwardedFor, trusts) || undefined
    const fields = { requestId: id, route, client }
    const refused = (code: ProblemCode) => refusal(code, id, vary, corsHeaders)
    const headers = { origin: header('origin'), fetchSite: header('sec-fetch-site') }
    const rule = { publicOrigin, origins: spa.origins }
    const passes = passesCsrf({ ...headers, xCsrf: header('x-csrf') }, rule)
    if (!passes || isWindow(request)) {
      log.event('request.refused', { ...fields, code: 'csrf_check_failed' })
      return refused('csrf_check_failed')
    }
    const onForged = () => log.event('request.suspicious', { ...fields, what: 'forged_ticket' })
    const session = await bff.readSession(header('cookie'), 'use', onForged)
    return session ? admitted(session, id, vary, corsHeaders) : refused('not_signed_in')
  }

  return {
    async admit(request) {
      const admission = await judge(request)
      return { ...admission, headers: [...admission.headers, ...Object.entries(more).flat()] }
    },
  }

  async function judge(request: LocalRequest): Promise<Admission> {
    const { method, header } = request
    const id = requestId(header('x-request-id'))
    const listed = cors.listed(header('origin'))
    const asked = header('access-control-request-method')
    if (method === 'OPTIONS' && listed !== undefined && asked !== undefined) {
      const names = header('access-control-request-headers')
      const headers = cors.preflightHeaders(listed, methods, names)
      return { kind: 'answered', status: 204, headers, body: '' }
    }
    const corsHeaders = listed === undefined ? [] : cors.answerHeaders(listed)
    return answer(request, id, corsHeaders).catch((cause: unknown) => {
      const code = failureCode(cause)
      log.event('request.failed', { requestId: id, code, route, cause })
      return refusal(code, id, vary, corsHeaders)
    })
  }
}

/**
 * What a person navigates to. The gate of protected pages makes a navigation of our own origin out of a link on any
 * site, and knows no page from an API of the app's: so none is believed here.
 */
function isWindow({ method, header }: LocalRequest): boolean {
  return method !== 'POST' && header('sec-fetch-mode') === 'navigate'
}

function admitted(
  session: KnownSession,
  id: string,
  vary: string,
  corsHeaders: readonly string[],
): Admission {
  const headers = Object.entries({ ...uncached, vary, 'x-request-id': id }).flat()
  if (session.setCookie !== undefined) headers.push('set-cookie', session.setCookie)
  return { kind: 'admitted', session, headers: [...headers, ...corsHeaders] }
}

function refusal(
  code: ProblemCode,
  id: string,
  vary: string,
  corsHeaders: readonly string[],
): Admission {
  const { status, headers, body } = problemParts(code, { requestId: id, headers: { vary } })
  return {
    kind: 'answered',
    status,
    headers: [...Object.entries(headers).flat(), ...corsHeaders],
    body,
  }
}
