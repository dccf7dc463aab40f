import { type NextRequest, NextResponse } from 'next/server'
import { requestId } from '#lib/http/request-id.ts'
import { createNonce, pageHeaders } from '#lib/pages/csp.ts'
import { answerGate, decideGate, isProtected } from '#lib/pages/page-gate.ts'
import { engine } from './app/engine.ts'

// The endpoints and the remotes stay out: they guard themselves, and a matched body is cut at 10 MB.
export const config = {
  runtime: 'nodejs',
  matcher: ['/((?!bff/|api/|_next/static/|_next/image|icon\\.svg).*)'],
}

/** Security headers of every page, and the gate in front of the protected ones. */
export async function middleware(request: NextRequest): Promise<Response> {
  const { pathname, search } = request.nextUrl
  const settings = await engine.pageSettings(pathname)
  const { protectedPages, ownPaths, basePath, origin } = settings
  const nonce = createNonce()

  if (isProtected(pathname, protectedPages)) {
    const session = await engine.peekSession(request.headers.get('cookie'))
    const { method, headers } = request
    const answer = answerGate(
      decideGate({ method, pathname, search, headers, ownPaths }, session),
      {
        basePath,
        nonce,
        origin,
        requestId: requestId(headers.get('x-request-id') ?? undefined),
      },
    )
    if (answer) return answer
  }

  const answerHeaders = pageHeaders({ ...settings, nonce })
  // Next reads the nonce from the policy on the request, and puts it on its scripts.
  const headers = new Headers(request.headers)
  headers.set('content-security-policy', answerHeaders['content-security-policy'])
  const response = NextResponse.next({ request: { headers } })
  for (const [name, value] of Object.entries(answerHeaders)) response.headers.set(name, value)
  return response
}
