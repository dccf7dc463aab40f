import type { Provider } from '../oidc/provider.ts'
import type { KeyValue } from '../store/key-value.ts'
import { type Endpoint, json } from './endpoint.ts'

export interface HealthDeps {
  readonly store: Pick<KeyValue, 'ping'>
  readonly provider: Pick<Provider, 'metadata'>
}

/** `GET /bff/health/live`: the process answers. `GET /bff/health/ready`: its store and provider do. */
export function createHealth({ store, provider }: HealthDeps): { live: Endpoint; ready: Endpoint } {
  return {
    live: async () => json(200, { status: 'ok' }),
    ready: async () => {
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
