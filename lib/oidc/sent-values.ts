import type { CustomFetch } from 'openid-client'

type Sent = Pick<Parameters<CustomFetch>[1], 'headers' | 'body'>

/** The values that a request to the provider carries, the credentials of its headers among them. */
export function sentValues(url: string, { headers, body }: Sent): string[] {
  const form = body instanceof URLSearchParams ? [...body.values()] : []
  const [authorization, proof] = ['authorization', 'dpop'].map(
    (name) => new Headers(headers).get(name) ?? '',
  )
  return [
    ...new URL(url).searchParams.values(),
    ...form,
    ...credentialsOf(authorization ?? ''),
    proof ?? '',
  ].filter((value) => value !== '')
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
