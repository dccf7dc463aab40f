import type { CustomFetch } from 'openid-client'
import { given } from '../http/given.ts'

/** What a token endpoint answered, without what is of no use (T21). Nothing in it has been verified. */
export interface TokenAnswer {
  readonly accessToken: string
  /** Lower case; `bearer` where the answer does not say. */
  readonly type: string
  readonly expiresInSeconds?: number
  readonly refreshToken?: string
  /** Seconds, where the answer says it (`refresh_expires_in`, `refresh_token_expires_in`); 0 for ever. */
  readonly refreshLifetime?: number
  readonly idToken?: string
  readonly scope?: string
}

/** No token lives for thirty years: what is larger is a date, or a slip. */
const longestSeconds = 1_000_000_000

/**
 * RFC 6749 section 5.1, read as generously as it is used. The grant is consumed by the time an answer is
 * here, so an optional member that is odd costs itself and nothing else. Undefined without a token.
 */
export function readTokenAnswer(body: unknown): TokenAnswer | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const answer: { readonly [member: string]: unknown } = { ...body }
  const accessToken = textOf(answer.access_token)
  if (accessToken === undefined) return undefined
  const expiresInSeconds = secondsOf(answer.expires_in)
  const refreshToken = textOf(answer.refresh_token)
  const idToken = textOf(answer.id_token)
  const refreshLifetime = lifetimeOf(answer.refresh_expires_in ?? answer.refresh_token_expires_in)
  const scope = scopeOf(answer.scope)
  return {
    accessToken,
    type: textOf(answer.token_type)?.toLowerCase() ?? 'bearer',
    ...given({ expiresInSeconds, refreshToken, refreshLifetime, idToken, scope }),
  }
}

/**
 * Stands between the fetch and openid-client, which throws a whole answer away for one odd member, and a
 * rotated refresh token with it. It is shown that there is a token; everything else is read here.
 */
export function readTokens(
  send: CustomFetch,
  onTokens: (tokens: TokenAnswer) => void,
): CustomFetch {
  return async (url, init) => {
    const response = await send(url, init)
    const isGrant = init.body instanceof URLSearchParams && init.body.has('grant_type')
    if (!isGrant || !response.ok) return response
    const text = await response.text()
    const tokens = readTokenAnswer(parsed(text))
    if (!tokens) return new Response(text, response)
    onTokens(tokens)
    const headers = new Headers(response.headers)
    headers.delete('content-length')
    headers.set('content-type', 'application/json')
    const shown = { access_token: tokens.accessToken, token_type: 'bearer' }
    return new Response(JSON.stringify(shown), { status: 200, headers })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  return value.trim() || undefined
}

/** As a number, or as text that is one. */
function secondsOf(value: unknown): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  const seconds = Math.floor(Number(value))
  return Number.isInteger(seconds) && seconds > 0 && seconds < longestSeconds ? seconds : undefined
}

function lifetimeOf(value: unknown): number | undefined {
  return value === 0 || value === '0' ? 0 : secondsOf(value)
}

function scopeOf(value: unknown): string | undefined {
  if (!Array.isArray(value)) return textOf(value)
  return textOf(value.filter((each) => typeof each === 'string').join(' '))
}
