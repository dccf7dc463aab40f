import { randomBytes } from 'node:crypto'
import type { AuthorizationRequest } from './authorization-request.ts'
import { ProviderError } from './provider-error.ts'
import { callLimitMs, createProviderFetch } from './provider-fetch.ts'

/**
 * Whether the provider refuses a sign-in for one resource, asked as a browser without cookies would, with
 * `prompt=none`: it redirects with an error, and which one is the answer. A pushed request tells at once.
 */
export function createResourceProbe(deps: {
  authorizationUrl(request: AuthorizationRequest, resources: readonly string[]): Promise<URL>
  fetch: typeof fetch
}): (resource: string) => Promise<boolean> {
  const random = () => randomBytes(32).toString('base64url')
  return async (resource) => {
    try {
      const request = { state: random(), nonce: random(), codeChallenge: random(), prompt: 'none' }
      const url = await deps.authorizationUrl(request, [resource])
      const send = createProviderFetch({ fetch: deps.fetch, limitMs: callLimitMs })
      const answer = await send(url.href, {
        method: 'GET',
        headers: { accept: 'text/html' },
        body: undefined,
        redirect: 'manual',
      })
      // In the query, or in the page of a form post.
      const told = answer.headers.get('location') ?? (await answer.text())
      return /\binvalid_target\b/.test(told)
    } catch (error) {
      return error instanceof ProviderError && error.error === 'invalid_target'
    }
  }
}
