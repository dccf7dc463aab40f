import type { CustomFetch } from 'openid-client'

type Sent = Pick<Parameters<CustomFetch>[1], 'headers' | 'body'>

export interface SentValues {
  /** The credentials of the headers among them. */
  readonly all: readonly string[]
  /** Without what a provider's words may repeat: which client, scope, grant or address it speaks of. */
  readonly secret: readonly string[]
}

const open: ReadonlySet<string> = new Set([
  ...['client_id', 'scope', 'grant_type', 'redirect_uri', 'resource', 'audience', 'response_type'],
  ...['response_mode', 'prompt', 'acr_values', 'code_challenge_method', 'token_type_hint'],
  ...['client_assertion_type', 'subject_token_type', 'requested_token_type', 'actor_token_type'],
])

/** The values that a request to the provider carries. */
export function sentValues(url: string, { headers, body }: Sent): SentValues {
  const form = body instanceof URLSearchParams ? [...body] : []
  const named = [...new URL(url).searchParams, ...form]
  const [authorization, proof] = ['authorization', 'dpop'].map(
    (name) => new Headers(headers).get(name) ?? '',
  )
  const credentials = [...credentialsOf(authorization ?? ''), proof ?? '']
  const clientId = named.find(([name]) => name === 'client_id')?.[1] ?? credentials[1]
  const valuesOf = (entries: readonly (readonly [string, string])[]) =>
    [...entries.map(([, value]) => value), ...credentials].filter((value) => value !== '')
  return {
    all: valuesOf(named),
    secret: valuesOf(named.filter(([name]) => !open.has(name))).filter((it) => it !== clientId),
  }
}

/** RFC 9110 section 11.4; both halves of HTTP Basic in clear, which is how they would be repeated. */
function credentialsOf(authorization: string): string[] {
  const [scheme = '', value = ''] = authorization.split(' ')
  if (scheme.toLowerCase() !== 'basic') return [value]
  const halves = Buffer.from(value, 'base64').toString('utf8').split(':')
  // RFC 6749 section 2.3.1.
  const decoded = halves.map((half) => new URLSearchParams(`half=${half}`).get('half') ?? '')
  return [value, ...halves, ...decoded]
}
