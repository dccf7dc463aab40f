import { randomBytes } from 'node:crypto'
import type { Navigate } from '../http/outgoing.ts'
import { sha256 } from '../http/sha256.ts'
import type { Provider } from './provider.ts'
import { ProviderError } from './provider-error.ts'
import { callLimitMs } from './provider-fetch.ts'

/** Whether the provider would send a browser back to us; `unknown` when it cannot be told from here. */
export type RedirectUriStanding = 'accepted' | 'refused' | 'unknown'

export interface RedirectUriProbeDeps {
  readonly provider: Pick<Provider, 'authorizationUrl'>
  readonly navigate: Navigate
  readonly redirectUri: string
  /** For whom the URI is registered. */
  readonly issuer: string
  readonly clientId: string
  /** Remembers what was found, for all instances: compare `create` and `getFresh` of a store. */
  readonly store: {
    create(key: string, value: string, ttlMs: number): Promise<boolean>
    getFresh(key: string): Promise<{ readonly value: string; readonly version: number } | undefined>
    replace(key: string, version: number, value: string): Promise<number | undefined>
  }
}

const dayMs = 86_400_000
const mostRedirects = 8

/**
 * Asks the authorization endpoint as a browser without cookies would, once for our redirect URI and once
 * for one that nobody has registered. A provider that knows ours comes back to it, or shows another page
 * than for the other; for one that it does not know it shows a page of its own (RFC 6749 section
 * 4.1.2.1), which is why no log of ours would ever tell. Once a day, by whichever instance is first.
 */
export function createRedirectUriProbe(
  deps: RedirectUriProbeDeps,
): (again?: 'unless-accepted') => Promise<RedirectUriStanding> {
  const { store, redirectUri, navigate } = deps
  const road = { navigate, urlFor: (uri: string) => signInUrl(deps.provider, uri) }
  const subject = [deps.issuer, deps.clientId, redirectUri].join('\0')
  const key = `redirect-uri:${sha256(subject)}`

  async function look(): Promise<RedirectUriStanding> {
    const madeUp = new URL(`/${random()}`, redirectUri).href
    const [ours, other] = [await endOf(road, redirectUri), await endOf(road, madeUp)]
    if (ours === 'back') return 'accepted'
    if (ours === 'unknown' || other === 'unknown') return 'unknown'
    return ours === other ? 'refused' : 'accepted'
  }

  async function lookAndNote(): Promise<RedirectUriStanding> {
    const standing = await look()
    const entry = await store.getFresh(key)
    if (entry) await store.replace(key, entry.version, standing)
    return standing
  }

  return async (again) => {
    try {
      if (await store.create(key, 'unknown', dayMs)) return await lookAndNote()
      const known = ((await store.getFresh(key))?.value ?? 'unknown') as RedirectUriStanding
      // Whoever has put it right would be told the old news for a day.
      return again && known === 'refused' ? await lookAndNote() : known
    } catch {
      return 'unknown'
    }
  }
}

const random = () => randomBytes(32).toString('base64url')

function signInUrl(provider: RedirectUriProbeDeps['provider'], redirectUri: string): Promise<URL> {
  const request = { state: random(), nonce: random(), codeChallenge: random(), prompt: 'none' }
  return provider.authorizationUrl({ ...request, redirectUri })
}

/** Where a browser ends: `back` at the URI, `unknown`, or else at what page of the provider, its status first. */
export async function endOf(
  { urlFor, navigate }: { urlFor(uri: string): Promise<URL>; navigate: Navigate },
  redirectUri: string,
): Promise<'back' | 'unknown' | (string & {})> {
  try {
    let url = await urlFor(redirectUri)
    const { origin } = url
    const signal = AbortSignal.timeout(callLimitMs)
    const cookies = new Map<string, string>()
    for (let hops = 0; hops <= mostRedirects; hops++) {
      const answer = await navigate(url, navigation(cookies), signal)
      if (answer.status >= 500) return 'unknown'
      keep(cookies, answer.headers)
      const location = answer.headers.get('location')
      if (answer.status < 300 || answer.status > 399 || location === null) {
        // The page of a form post (OAuth 2.0 Form Post Response Mode) leads back too.
        const leadsBack = (await answer.text()).includes(`action="${redirectUri}"`)
        return leadsBack ? 'back' : `${answer.status} ${url.origin}${url.pathname}`
      }
      url = new URL(location, url)
      if (`${url.origin}${url.pathname}` === redirectUri) return 'back'
      if (url.origin !== origin) return `elsewhere: ${url.origin}`
    }
    return 'unknown'
  } catch (error) {
    // A pushed request is refused at once. A refused client says nothing of its URI.
    const told = error instanceof ProviderError && error.code === 'sign_in_failed'
    return told ? `pushed: ${error.code} ${error.error}` : 'unknown'
  }
}

function navigation(cookies: ReadonlyMap<string, string>): Record<string, string> {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return {
    accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
    'accept-language': 'en',
    'upgrade-insecure-requests': '1',
    'sec-fetch-site': 'none',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    'sec-fetch-user': '?1',
    ...(cookie === '' ? {} : { cookie }),
  }
}

function keep(cookies: Map<string, string>, headers: Headers): void {
  for (const line of headers.getSetCookie()) {
    const [pair = ''] = line.split(';', 1)
    const at = pair.indexOf('=')
    if (at > 0) cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim())
  }
}
