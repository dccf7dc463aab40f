import type { ProblemCode } from '../http/problem.ts'
import { uncached } from '../http/uncached.ts'
import type { SuspiciousRequest } from '../telemetry/log.ts'

/** One request to an endpoint, as every handler sees it. */
export interface EndpointRequest {
  readonly request: Request
  /** Path and query of the request on the public origin: never built from `Host`. */
  readonly url: URL
  readonly cookies: string | undefined
  readonly requestId: string
  /** Start page of the app: `/`. */
  readonly home: string
  /** A page of the app that shows what could not be done; undefined: ours does. */
  readonly errorPage: string | undefined
  /** The client's address, where it is known. */
  readonly client: string | undefined
  /** Tells the log that this request is refused (A5). `refuse` does it by itself. */
  readonly refused: (code: ProblemCode) => void
  /** Tells the log of a request that is answered, but that no client of ours would make (A5). */
  readonly suspicious: (what: SuspiciousRequest) => void
  /** Work that may outlive the answer; the host keeps the process (or function) alive for it. */
  readonly background: (task: Promise<unknown>) => void
}

export type Endpoint = (incoming: EndpointRequest) => Promise<Response>

/** A redirect that no cache keeps. `location` is a ReturnUrl, a path of ours, or the provider's URL. */
export function redirect(
  status: 302 | 303,
  location: string,
  setCookies: readonly string[] = [],
): Response {
  const headers = new Headers({
    location,
    ...uncached,
    'referrer-policy': 'no-referrer',
  })
  for (const cookie of setCookies) headers.append('set-cookie', cookie)
  return new Response(null, { status, headers })
}

/** JSON that no cache keeps. */
export function json(status: number, value: unknown, setCookies: readonly string[] = []): Response {
  const headers = new Headers({
    'content-type': 'application/json',
    ...uncached,
    'x-content-type-options': 'nosniff',
  })
  for (const cookie of setCookies) headers.append('set-cookie', cookie)
  return new Response(JSON.stringify(value), { status, headers })
}
