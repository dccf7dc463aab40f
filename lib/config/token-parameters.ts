import { sha256 } from '../http/sha256.ts'
import type { Hooks, TokenRequestHook } from './hooks.ts'
import { isOwnParameter } from './parameters.ts'

type TokenRequest = Parameters<TokenRequestHook>[0]

/** What the hook `tokenRequest` adds to a request of its own choosing. */
export type AddedParameters = Readonly<Record<string, string>>

/**
 * Asks the hook, and checks its answer as settings are checked. Without a hook, or with one that answers at
 * once, there is no promise. Throws, or rejects, with what the hook throws, or with a TypeError.
 */
export type TokenParameters = (request: TokenRequest) => AddedParameters | Promise<AddedParameters>

const nothing: AddedParameters = {}

const requestOf = {
  authorization_code: 'code',
  refresh_token: 'refresh',
  client_credentials: 'clientCredentials',
  token_exchange: 'exchange',
  jwt_bearer: 'onBehalfOf',
} as const

export function createTokenParameters({ tokenRequest }: Hooks): TokenParameters {
  if (!tokenRequest) return () => nothing
  return (request) => {
    const added = tokenRequest(request)
    return added instanceof Promise
      ? added.then((it) => checked(request, it))
      : checked(request, added)
  }
}

function checked({ grant }: TokenRequest, added: unknown): AddedParameters {
  if (typeof added !== 'object' || added === null) {
    throw new TypeError('the hook tokenRequest gave no parameters')
  }
  for (const [name, value] of Object.entries(added)) {
    if (isOwnParameter(requestOf[grant], name)) {
      throw new TypeError(`the hook tokenRequest sets ${name}, which is set by Cloakroom itself`)
    }
    if (typeof value !== 'string')
      throw new TypeError(`the hook tokenRequest sets ${name} to no text`)
  }
  return added as AddedParameters
}

/** Names what was added, for the key under which a token is kept (T19). The empty string for nothing. */
export function nameOfAdded(added: AddedParameters): string {
  const entries = Object.entries(added)
  if (entries.length === 0) return ''
  const text = JSON.stringify(entries.sort(([one], [other]) => (one < other ? -1 : 1)))
  return sha256(text)
}
