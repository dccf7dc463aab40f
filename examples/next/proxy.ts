import type { NextRequest } from 'next/server'
import { cloakroom } from './bff'
export async function proxy(request: NextRequest) {
  const response = await cloakroom.middleware(request)
  response.headers.set('x-mine', '1')
  return response
}
export const config = { matcher: ['/((?!bff/|api/|_next/).*)'] }
