import type { Provider } from './provider.ts'
import { callLimitMs, createProviderFetch, type ProviderAnswer } from './provider-fetch.ts'

/**
 * Seconds by which the provider's clock is ahead of ours, by the `Date` of an answer; undefined when it has none.
 * Rejects when it cannot be asked.
 */
export async function clockAhead(deps: {
  readonly provider: Pick<Provider, 'metadata'>
  readonly fetch: typeof fetch
}): Promise<number | undefined> {
  const { jwks_uri } = await deps.provider.metadata()
  const answer: ProviderAnswer = { sent: false }
  const get = createProviderFetch({ fetch: deps.fetch, limitMs: callLimitMs, answer })
  const from = Date.now()
  await get(String(jwks_uri), { method: 'GET', headers: {}, body: undefined, redirect: 'manual' })
  // Whole seconds, of some moment while we waited.
  return answer.date === undefined
    ? undefined
    : (answer.date + 500 - (from + Date.now()) / 2) / 1000
}
