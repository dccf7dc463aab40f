import type { NextRequest } from 'next/server'
import { cloakroom } from './bff.ts'

// The endpoints and the remotes stay out: they guard themselves, and a matched body is cut at 10 MB.
export const config = {
  runtime: 'nodejs',
  matcher: ['/((?!bff/|api/|_next/static/|_next/image|icon\\.svg).*)'],
}

/** Security headers of every page, and the gate in front of the protected ones. */
export function middleware(request: NextRequest): Promise<Response> {
  return cloakroom.middleware(request, { csp: 'nonce' })
}
