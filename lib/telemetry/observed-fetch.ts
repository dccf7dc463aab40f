import type { CallOutcome } from './metrics.ts'

const grants: Readonly<Record<string, string>> = {
  authorization_code: 'authorization_code',
  refresh_token: 'refresh_token',
  client_credentials: 'client_credentials',
  'urn:ietf:params:oauth:grant-type:token-exchange': 'token_exchange',
  'urn:ietf:params:oauth:grant-type:jwt-bearer': 'jwt_bearer',
}

/** The same `fetch`, its token requests counted by grant and by what became of them. */
export function observeTokenRequests(
  fetch: typeof globalThis.fetch,
  onTokenRequest: (grant: string, outcome: CallOutcome) => void,
): typeof globalThis.fetch {
  return async (input, init) => {
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
}

/** The grant that a body asks for, in words of ours; undefined when it is no token request. */
function grantOf(body: unknown): string | undefined {
  if (typeof body !== 'string' && !(body instanceof URLSearchParams)) return undefined
  const grant = new URLSearchParams(body).get('grant_type')
  return grant === null ? undefined : (grants[grant] ?? '_OTHER')
}

function outcomeOf(status: number): CallOutcome {
  if (status < 400) return 'ok'
  return status < 500 ? 'refused' : 'unavailable'
}
