import type { CallOutcome } from './metrics.ts'
import { serverOf, type Tracing } from './tracing.ts'

const grants: Readonly<Record<string, string>> = {
  authorization_code: 'authorization_code',
  refresh_token: 'refresh_token',
  client_credentials: 'client_credentials',
  'urn:ietf:params:oauth:grant-type:token-exchange': 'token_exchange',
  'urn:ietf:params:oauth:grant-type:jwt-bearer': 'jwt_bearer',
}

export interface ObserveDeps {
  readonly onTokenRequest: (grant: string, outcome: CallOutcome) => void
  readonly tracing: Tracing
}

/**
 * A `fetch` for calls to the provider: token requests are counted by grant and by what became of them, and every call
 * is a span and carries the trace on, where somebody traces.
 */
export function observeProviderCalls(
  fetch: typeof globalThis.fetch,
  { onTokenRequest, tracing }: ObserveDeps,
): typeof globalThis.fetch {
  const counted: typeof fetch = async (input, init) => {
    const grant = grantOf(init?.body)
    if (grant === undefined) return fetch(input, init)
    try {
      const response = await fetch(input, init)
      onTokenRequest(grant, outcomeOf(response.status))
      return response
    } catch (cause) {
      onTokenRequest(grant, 'unavailable')
      throw cause
    }
  }
  return (input, init) => {
    if (!tracing.isOn) return counted(input, init)
    const grant = grantOf(init?.body)
    const method = init?.method ?? 'GET'
    const name = grant === undefined ? `provider ${method}` : `token ${grant}`
    const url = input instanceof Request ? input.url : String(input)
    const attributes = { 'http.request.method': method, ...serverOf(url) }
    return tracing.ask(name, attributes, async ({ traceparent, tracestate }, tell) => {
      const headers = new Headers(init?.headers)
      headers.set('traceparent', traceparent)
      if (tracestate !== undefined) headers.set('tracestate', tracestate)
      const response = await counted(input, { ...init, headers })
      tell(response.status)
      return response
    })
  }
}

/** The grant that a body asks for, in words of ours; undefined when it is no token request. */
function grantOf(body: unknown): string | undefined {
  if (typeof body !== 'string' && !(body instanceof URLSearchParams)) return undefined
  const parameters = typeof body === 'string' ? new URLSearchParams(body) : body
  const grant = parameters.get('grant_type')
  return grant === null ? undefined : (grants[grant] ?? '_OTHER')
}

function outcomeOf(status: number): CallOutcome {
  if (status < 400) return 'ok'
  return status < 500 ? 'refused' : 'unavailable'
}
