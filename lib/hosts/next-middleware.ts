import { type NextRequest, NextResponse } from 'next/server.js'
import { requestId } from '../http/request-id.ts'
import { createNonce, pageHeaders, plainPageHeaders } from '../pages/csp.ts'
import { answerGate, decideGate, isProtected } from '../pages/page-gate.ts'
import type { createNextHost } from './next.ts'

export interface MiddlewareOptions {
  /**
   * `nonce`: a strict policy with a nonce for each answer, under which only pages that are rendered for each request
   * live; a page that was built once has no script left. Left out: no policy for scripts, and pages live as they did.
   */
  readonly csp?: 'nonce'
}

type NextHost = Pick<ReturnType<typeof createNextHost>, 'pageSettings' | 'peekSession'>

/** The gate in front of protected pages, and the security headers of all. */
export function createNextMiddleware(host: NextHost) {
  return async (request: NextRequest, { csp }: MiddlewareOptions = {}): Promise<Response> => {
    const { pathname, search } = request.nextUrl
    const settings = await host.pageSettings(request, pathname)
    const { protectedPages, ownPaths, basePath, origin } = settings
    // They guard themselves.
    if (settings.isOurs) return NextResponse.next()
    const nonce = createNonce()

    if (isProtected(pathname, protectedPages)) {
      const session = await host.peekSession(request, pathname)
      const { method, headers } = request
      const decision = decideGate({ method, pathname, search, headers, ownPaths }, session)
      const id = requestId(headers.get('x-request-id') ?? undefined)
      const answer = answerGate(decision, { basePath, nonce, origin, requestId: id })
      if (answer) return answer
    }

    if (csp !== 'nonce') return withHeaders(NextResponse.next(), plainHeaders(settings))
    const answerHeaders = pageHeaders({ ...settings, nonce })
    // Next reads the nonce from the policy on the request, and puts it on its scripts.
    const headers = new Headers(request.headers)
    headers.set('content-security-policy', answerHeaders['content-security-policy'])
    return withHeaders(NextResponse.next({ request: { headers } }), answerHeaders)
  }
}

/** What suits every page, whatever scripts it has. */
function plainHeaders(settings: { readonly https: boolean }): Record<string, string> {
  return { ...plainPageHeaders(settings), ...framedByNobody }
}

const framedByNobody = {
  'content-security-policy': "frame-ancestors 'none'; object-src 'none'; base-uri 'self'",
}

function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}
