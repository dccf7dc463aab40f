import { createLocalJWKSet, jwtVerify, type JWK as PublicJwk } from 'jose'
import { errors, type JWK, type default as Provider, type ResourceServer } from 'oidc-provider'
import validateDpop, { checkDpopReplay } from 'oidc-provider/lib/helpers/validate_dpop.js'
import { findDemoUser } from './users.ts'

/** The grant type of RFC 8693. */
export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

export interface ExchangeOptions {
  /** Those that the provider signs access tokens with. */
  keys: readonly JWK[]
  /** Undefined for a resource that nobody knows. */
  findResource(resource: string): ResourceServer | undefined
}

interface ExchangeParameters {
  subject_token?: string
  subject_token_type?: string
  resource?: string
  audience?: string
}

/**
 * Exchanges a user's access token for one of another resource (impersonation, without an actor). A
 * subject token that is bound to a key needs that key's proof, and so does the token that comes of it.
 */
export function registerExchange(provider: Provider, options: ExchangeOptions): void {
  const findKey = createLocalJWKSet({ keys: options.keys.map(publicPart) })

  async function subjectOf({ subject_token, subject_token_type }: ExchangeParameters) {
    if (!subject_token || subject_token_type !== accessTokenType) {
      throw new errors.InvalidRequest('the subject token has to be an access token')
    }
    const rules = { issuer: provider.issuer, typ: 'at+jwt' }
    const verified = await jwtVerify(subject_token, findKey, rules).catch(() => undefined)
    if (!verified) throw new errors.InvalidGrant('the subject token is not valid')
    return verified.payload
  }

  provider.registerGrantType<ExchangeParameters>(
    tokenExchange,
    async (ctx) => {
      const { client, params } = ctx.oidc
      const proof = await validateDpop(provider, ctx)
      await checkDpopReplay(provider, ctx, proof, client.clientId)
      const subject = await subjectOf(params)
      const boundTo = (subject.cnf as { jkt?: string } | undefined)?.jkt
      if (boundTo !== undefined && boundTo !== proof?.thumbprint) {
        throw new errors.InvalidGrant('the subject token is bound to another key')
      }
      if (!subject.sub || !findDemoUser(subject.sub)) {
        throw new errors.InvalidGrant('the subject token is of nobody')
      }
      const name = params.resource ?? params.audience ?? ''
      const resource = options.findResource(name)
      if (!resource) throw new errors.InvalidTarget()
      const resourceServer = new provider.ResourceServer(name, resource)
      const known = new Set(resource.scope.split(' '))
      const asked = params.scope?.split(' ') ?? [...known]
      const token = new provider.AccessToken({
        client,
        accountId: subject.sub,
        resourceServer,
        scope: asked.filter((scope) => known.has(scope)).join(' '),
        gty: 'token_exchange',
        grantId: `exchange-${subject.jti}`,
      })
      if (proof) token.setThumbprint('jkt', proof.thumbprint)
      ctx.oidc.entity('AccessToken', token)
      ctx.body = {
        access_token: await token.save(),
        issued_token_type: accessTokenType,
        token_type: token.tokenType,
        expires_in: token.expiration,
        scope: token.scope,
      }
    },
    [
      'subject_token',
      'subject_token_type',
      'requested_token_type',
      'resource',
      'audience',
      'scope',
    ],
  )
}

function publicPart({ d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...rest }: JWK): PublicJwk {
  return rest as PublicJwk
}
