import { accepted, type Parsed, refused } from './parsed.ts'
import { parseWebAddress } from './web-address.ts'

/** The sign-out page of a provider without RP-initiated logout. */
export interface LogoutPage {
  /** Without a query. */
  readonly url: string
  /**
   * Its query. In the values `{clientId}`, `{postLogoutRedirectUri}`, `{idToken}` and `{state}` are filled in; a
   * parameter whose ID token is not there, or would make the address too long, is left out.
   */
  readonly params?: Readonly<Record<string, string>>
}

const logoutPlaceholders = ['clientId', 'postLogoutRedirectUri', 'idToken', 'state'] as const

export function parseLogout(value: unknown): Parsed<boolean | LogoutPage> {
  if (typeof value === 'boolean') return accepted(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refused('is no sign-out page', 'write true, false, or { url, params }')
  }
  const { url, params = {}, ...rest } = value as Record<string, unknown>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) {
    return refused(`has ${JSON.stringify(unknown)}`, 'use url and params only')
  }
  if (typeof url !== 'string') return refused('has no url', 'write it as https://host/path')
  const address = parseWebAddress(url, 'on-loopback')
  if (!address.ok) {
    return refused(`has a url that ${address.problem}`, `${address.fix}; a query goes to params`)
  }
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    return refused('has params that are no object', "write { client_id: '{clientId}' }")
  }
  for (const [name, text] of Object.entries(params)) {
    if (typeof text !== 'string') return refused(`has no text in params.${name}`, 'write a string')
    const odd = placeholdersOf(text).find((it) => !isKnown(it))
    if (odd !== undefined) {
      const known = logoutPlaceholders.map((it) => `{${it}}`).join(', ')
      return refused(`has {${odd}} in params.${name}`, `use ${known}`)
    }
  }
  return accepted({ url, params: params as Readonly<Record<string, string>> })
}

function placeholdersOf(text: string): string[] {
  return [...text.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name)
}

function isKnown(name: string): boolean {
  return (logoutPlaceholders as readonly string[]).includes(name)
}
