import { silentLoginPage } from '../pages/silent-login-page.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Endpoint } from './endpoint.ts'

/** `GET /bff/silent-login-callback`: says whether the browser has a session, without extending it. */
export function createSilentLoginCallback(deps: {
  sessions: Pick<Sessions, 'read'>
  publicOrigin: string
}): Endpoint {
  return async ({ cookies }) => {
    const read = await deps.sessions.read(cookies, 'peek')
    return silentLoginPage(read.kind === 'session', deps.publicOrigin)
  }
}
