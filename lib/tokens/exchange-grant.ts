import * as client from 'openid-client'
import type { ExchangeSettings } from '../config/exchange.ts'
import type { AddedParameters } from '../config/token-parameters.ts'
import { given } from '../http/given.ts'
import type { Provider } from '../oidc/provider.ts'
import { type RequestedToken, requestAccessToken } from './token-request.ts'

export interface ExchangeGrantRequest {
  /** The user's access token. */
  readonly subjectToken: string
  /** Of the machine client that acts for the user (delegation); without it the answer impersonates. */
  readonly actorToken?: string
  readonly settings: ExchangeSettings
  /** By the hook `tokenRequest`. */
  readonly added: AddedParameters
  /** Private JWK that the new token is to be bound to. */
  readonly dpopKey?: JsonWebKey
}

const grantTypes = {
  'token-exchange': 'urn:ietf:params:oauth:grant-type:token-exchange',
  'jwt-bearer': 'urn:ietf:params:oauth:grant-type:jwt-bearer',
}
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/** One token request of RFC 8693 section 2.1, or of RFC 7523 section 2.1 as Microsoft Entra wants it. Never rejects. */
export function exchangeGrant(
  request: ExchangeGrantRequest,
  deps: { provider: Pick<Provider, 'call'>; now(): number },
): Promise<RequestedToken> {
  const { grant = 'token-exchange' } = request.settings
  const parameters = grant === 'jwt-bearer' ? onBehalfOf(request) : parametersOf(request)
  return requestAccessToken(deps, {
    dpopKey: request.dpopKey,
    grant: (configuration, proof) =>
      client.genericGrantRequest(configuration, grantTypes[grant], parameters, proof),
  })
}

function parametersOf(request: ExchangeGrantRequest): Record<string, string> {
  const { subjectToken, actorToken, settings, added } = request
  const { audience, resource, scope, requestedTokenType } = settings
  return {
    ...added,
    ...given({ resource, scope, audience, requested_token_type: requestedTokenType }),
    subject_token: subjectToken,
    subject_token_type: accessTokenType,
    ...(actorToken === undefined
      ? {}
      : { actor_token: actorToken, actor_token_type: accessTokenType }),
  }
}

function onBehalfOf({ subjectToken, settings, added }: ExchangeGrantRequest) {
  return {
    ...added,
    ...given({ scope: settings.scope }),
    assertion: subjectToken,
    requested_token_use: 'on_behalf_of',
  }
}
