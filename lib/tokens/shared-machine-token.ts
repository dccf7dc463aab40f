import type { CallFailure } from '../oidc/call-failure.ts'
import { plainCause } from '../oidc/provider-error.ts'
import type { AccessToken } from '../session/session.ts'
import type { KeyValue } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import { underLease } from './lease.ts'
import type { MachineTokenCache } from './machine-token-cache.ts'
import type { MachineTokenGrantRequest } from './machine-token-grant.ts'

export interface SharedMachineTokenDeps {
  readonly cache: MachineTokenCache
  readonly store: KeyValue
  readonly log: Log
  sleep(ms: number): Promise<void>
}

export type ObtainedToken =
  | { readonly kind: 'token'; readonly token: AccessToken; readonly from: 'store' | 'provider' }
  | { readonly kind: 'failed'; readonly failure: CallFailure }

const leaseMs = 5_000
/** Then the holder of the lease is taken to be stuck, and we ask the provider ourselves. */
const waitMs = 10_000

/**
 * A token that is usable, from the store or by a request that only one instance makes; the others watch
 * the store. When the store is away the request is made anyway: a machine token needs nobody's session.
 */
export async function obtainShared(
  { cache, store, log, sleep }: SharedMachineTokenDeps,
  request: MachineTokenGrantRequest,
  isUsable: (token: AccessToken) => boolean,
): Promise<ObtainedToken> {
  const lease = { store, leaseMs, onLost: () => log.event('lease.lost', { what: 'machine token' }) }
  const stored = async (): Promise<ObtainedToken | undefined> => {
    const token = await cache.readToken(request.cacheName)
    return token && isUsable(token) ? { kind: 'token', token, from: 'store' } : undefined
  }
  try {
    let pauseMs = 25
    for (let waitedMs = 0; waitedMs < waitMs; waitedMs += pauseMs) {
      const found = await stored()
      if (found) return found
      const led = await underLease(
        lease,
        `lease:${cache.nameOf(request.cacheName)}`,
        async () => (await stored()) ?? send(cache, request),
      )
      if (led) return led.value
      pauseMs = Math.min(250, pauseMs * 2)
      await sleep(pauseMs * (0.5 + Math.random()))
    }
  } catch (error) {
    log.event('store.unavailable', { store: store.kind, cause: plainCause(error) })
  }
  return send(cache, request)
}

async function send(
  cache: MachineTokenCache,
  request: MachineTokenGrantRequest,
): Promise<ObtainedToken> {
  const answer = await request.send()
  if (answer.kind === 'failed') return answer
  // Not kept, it is obtained again by the next process that needs it.
  await cache.writeToken(request.cacheName, answer.token).catch(() => undefined)
  return { ...answer, from: 'provider' }
}
