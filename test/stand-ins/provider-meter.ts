import { setTimeout as sleep } from 'node:timers/promises'
import type { KoaContextWithOIDC } from 'oidc-provider'

/** Requests since the start. */
export interface ProviderCounters {
  discovery: number
  jwks: number
  authorization: number
  par: number
  token: number
  /** Token requests by `grant_type`. */
  grants: Record<string, number>
  userinfo: number
  revocation: number
  introspection: number
  endSession: number
}

/** What may be changed while the provider runs. */
export interface ProviderControls {
  accessTokenSeconds: number
  /** The token endpoint waits so long before it does anything. */
  tokenDelayMs: number
  /** The token endpoint works, and then waits so long before it answers. */
  tokenAnswerDelayMs: number
  /**
   * How the token endpoint fails: with this status and a JSON error, with a 400 without a body, with HTML
   * under a 200, or never answering. `lost` does the work (rotates the refresh token) and breaks the connection.
   */
  tokenFailure?: number | 'empty400' | 'html200' | 'hang' | 'lost' | undefined
}

const routes: Record<string, Exclude<keyof ProviderCounters, 'grants'>> = {
  '/.well-known/openid-configuration': 'discovery',
  '/jwks': 'jwks',
  '/auth': 'authorization',
  '/request': 'par',
  '/token': 'token',
  '/me': 'userinfo',
  '/token/revocation': 'revocation',
  '/token/introspection': 'introspection',
  '/session/end': 'endSession',
}

export function createMeter(counters: ProviderCounters, controls: ProviderControls) {
  return async function meter(ctx: KoaContextWithOIDC, next: () => Promise<void>) {
    const route = routes[ctx.path]
    if (route) counters[route] += 1
    if (route !== 'token') return next()
    if (controls.tokenDelayMs > 0) await sleep(controls.tokenDelayMs)
    const failure = controls.tokenFailure
    if (failure !== undefined && failure !== 'lost') return fail(ctx, failure)
    await next()
    const grant = String(ctx.oidc?.params?.grant_type ?? 'unknown')
    counters.grants[grant] = (counters.grants[grant] ?? 0) + 1
    if (controls.tokenAnswerDelayMs > 0) await sleep(controls.tokenAnswerDelayMs)
    if (failure === 'lost') {
      ctx.respond = false
      ctx.req.socket.destroy()
    }
  }
}

function fail(
  ctx: KoaContextWithOIDC,
  failure: Exclude<ProviderControls['tokenFailure'], 'lost' | undefined>,
): void {
  if (failure === 'hang') {
    ctx.respond = false
    return
  }
  ctx.set('cache-control', 'no-store')
  if (typeof failure === 'number') {
    ctx.status = failure
    ctx.body = { error: failure < 500 ? 'invalid_request' : 'server_error' }
    return
  }
  ctx.status = failure === 'empty400' ? 400 : 200
  ctx.type = failure === 'empty400' ? 'text' : 'html'
  ctx.body = failure === 'empty400' ? '' : '<h1>Maintenance</h1>'
}

export function createCounters(): ProviderCounters {
  return {
    discovery: 0,
    jwks: 0,
    authorization: 0,
    par: 0,
    token: 0,
    grants: {},
    userinfo: 0,
    revocation: 0,
    introspection: 0,
    endSession: 0,
  }
}
