import type { Provider } from '../oidc/provider.ts'
import type { KeyValue } from '../store/key-value.ts'
import { type Endpoint, json } from './endpoint.ts'

export interface HealthDeps {
  readonly store: Pick<KeyValue, 'ping'>
  readonly provider: Pick<Provider, 'metadata'>
}

/** Of a process that is about to end (A16). */
export interface Draining {
  /** From now on `ready` says no; everything else is served as ever. */
  drain(): void
  isDraining(): boolean
}

export interface Health extends Draining {
  readonly live: Endpoint
  readonly ready: Endpoint
}

/** `GET /bff/health/live`: the process answers. `GET /bff/health/ready`: its store and provider do. */
export function createHealth({ store, provider }: HealthDeps): Health {
  let draining = false
  return {
    drain() {
      draining = true
    },
    isDraining: () => draining,
    live: async () => json(200, { status: 'ok' }),
    ready: async () => {
      if (draining) return json(503, { status: 'draining' })
      const [stored, discovered] = await Promise.allSettled([store.ping(), provider.metadata()])
      const ready = stored.status === 'fulfilled' && discovered.status === 'fulfilled'
      const word = (result: PromiseSettledResult<unknown>) =>
        result.status === 'fulfilled' ? 'ok' : 'unavailable'
      return json(ready ? 200 : 503, {
        status: ready ? 'ok' : 'unavailable',
        store: word(stored),
        provider: word(discovered),
      })
    },
  }
}
