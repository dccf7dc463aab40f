import { randomBytes } from 'node:crypto'
import {
  type ClientMetadata,
  type Configuration,
  errors,
  interactionPolicy,
  type JWK,
  type KoaContextWithOIDC,
  type ResourceServer,
} from 'oidc-provider'
import { errorPage, signedOutPage, signingOutPage } from './provider-pages.ts'
import type { ProviderStore } from './provider-store.ts'
import { findDemoUser } from './users.ts'

/** The API that a plain sign-in gives an access token for. */
export const demoApiResource = 'urn:cloakroom:demo-api'

/** Known resources and the scopes that each has. Their access tokens are JWTs (RFC 9068). */
const demoResources: Readonly<Record<string, string>> = {
  [demoApiResource]: 'orders.read orders.write',
  'urn:cloakroom:demo-reports': 'reports.read',
}

/** As the provider wants it described; undefined for a resource that it does not know. */
export function findDemoResource(
  resource: string,
  accessTokenTTL: number,
): ResourceServer | undefined {
  const scope = demoResources[resource]
  if (scope === undefined) return undefined
  return { scope, accessTokenTTL, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }
}

/** What `acr` says of a sign-in with one factor, and with two. */
export const demoAcr = { single: 'urn:cloakroom:acr:single', double: 'urn:cloakroom:acr:double' }

export interface ProviderConfigOptions {
  store: ProviderStore
  clients: ClientMetadata[]
  keys: readonly JWK[]
  /** Where the links of the provider's pages lead. */
  home: string
  /** False: access tokens are opaque and for UserInfo unless a resource is asked for. */
  defaultResource: boolean
  requireDpopNonce: boolean
  accessTokenSeconds(): number
}

export function createProviderConfig(options: ProviderConfigOptions): Configuration {
  const { store, home } = options
  const accessTokenSeconds = () => options.accessTokenSeconds()

  return {
    adapter: (model) => store.adapter(model),
    clients: options.clients,
    jwks: { keys: [...options.keys] },
    cookies: {
      // Cookies ignore ports: everything of the demo shares the jar of localhost.
      names: {
        session: '_demo_idp_session',
        interaction: '_demo_idp_interaction',
        resume: '_demo_idp_resume',
      },
      keys: [randomBytes(24).toString('base64url')],
      long: { signed: false, httpOnly: true, sameSite: 'lax' },
      short: { signed: false, httpOnly: true, sameSite: 'lax' },
    },
    claims: {
      openid: ['sub', 'acr', 'auth_time'],
      profile: ['name', 'picture'],
      email: ['email', 'email_verified'],
    },
    // The access token is for the API, not for UserInfo: the claims have to be in the ID token.
    conformIdTokenClaims: false,
    acrValues: Object.values(demoAcr),
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      claimsParameter: { enabled: true },
      clientCredentials: { enabled: true },
      dPoP: {
        enabled: true,
        nonceSecret: randomBytes(32),
        requireNonce: () => options.requireDpopNonce,
      },
      introspection: { enabled: true, allowedPolicy: ownToken },
      pushedAuthorizationRequests: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx, _client, oneOf) => pickResource(ctx, oneOf, options.defaultResource),
        useGrantedResource: () => options.defaultResource,
        getResourceServerInfo(_ctx, resource) {
          const found = findDemoResource(resource, options.accessTokenSeconds())
          if (!found) throw new errors.InvalidTarget()
          return found
        },
      },
      revocation: { enabled: true, allowedPolicy: ownToken },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource(ctx, form) {
          ctx.body = signingOutPage(form)
        },
        postLogoutSuccessSource(ctx) {
          ctx.body = signedOutPage(home)
        },
      },
    },
    // RFC 9068 section 2.2.1: what an API needs to ask for step-up authentication (RFC 9470).
    extraTokenClaims(ctx) {
      const source = ctx.oidc.entities.RefreshToken ?? ctx.oidc.entities.AuthorizationCode
      return source ? { acr: source.acr, auth_time: source.authTime } : undefined
    },
    expiresWithSession: () => false,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: () => true,
    async loadExistingGrant(ctx) {
      const { oidc } = ctx
      if (!oidc.client || !oidc.session?.accountId) return
      // One grant for each sign-in: revoking the tokens of one leaves those of the next alone.
      const grant = new oidc.provider.Grant({
        clientId: oidc.client.clientId,
        accountId: oidc.session.accountId,
      })
      grant.addOIDCScope('openid profile email offline_access')
      grant.addOIDCClaims(['name', 'picture', 'email', 'email_verified'])
      for (const [resource, scope] of Object.entries(demoResources)) {
        grant.addResourceScope(resource, scope)
      }
      await grant.save()
      return grant
    },
    interactions: {
      policy: createPolicy(),
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
    },
    findAccount(ctx, sub) {
      const user = findDemoUser(sub)
      if (!user) return undefined
      const picture = `${ctx.oidc.provider.issuer}/avatar/${sub}.svg`
      const claims = { sub, name: user.name, email: user.email, email_verified: true, picture }
      return { accountId: sub, claims: () => claims }
    },
    responseTypes: ['code'],
    pkce: { required: () => true },
    renderError(ctx, out) {
      ctx.type = 'html'
      ctx.body = errorPage({ ...out }, home)
    },
    clientBasedCORS: () => false,
    // Version 9 refuses loopback addresses through its dispatcher, and the back channel of a demo is one.
    fetch(url, init) {
      const { dispatcher: _, ...rest } = { dispatcher: undefined, ...init }
      return fetch(url, rest)
    },
    ttl: {
      AccessToken: accessTokenSeconds,
      ClientCredentials: accessTokenSeconds,
      Grant: 14 * 24 * 3600,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 14 * 24 * 3600,
      Session: 14 * 24 * 3600,
    },
  }
}

/** A sign-in is granted every resource at once, so that later a token for any of them may be asked for. */
function pickResource(
  ctx: KoaContextWithOIDC,
  oneOf: readonly string[] | undefined,
  enabled: boolean,
): string | string[] | undefined {
  if (oneOf) return oneOf.includes(demoApiResource) ? demoApiResource : oneOf[0]
  if (!enabled) return undefined
  return ctx.oidc.route === 'token' ? demoApiResource : Object.keys(demoResources)
}

function ownToken(
  _ctx: unknown,
  client: { clientId: string },
  token: { clientId?: string | undefined },
) {
  return token.clientId === client.clientId
}

function createPolicy() {
  const policy = interactionPolicy.base()
  const check = new interactionPolicy.Check(
    'acr_values',
    'a stronger sign-in is required',
    ({ oidc }) => {
      const asked = oidc.params?.acr_values
      if (typeof asked !== 'string') return interactionPolicy.Check.NO_NEED_TO_PROMPT
      const acr = oidc.session?.acr
      const enough = acr === demoAcr.double || asked.split(' ').includes(acr ?? '')
      return enough || !asked.split(' ').includes(demoAcr.double)
        ? interactionPolicy.Check.NO_NEED_TO_PROMPT
        : interactionPolicy.Check.REQUEST_PROMPT
    },
  )
  policy.get('login')?.checks.add(check)
  return policy
}
