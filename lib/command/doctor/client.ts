import type { Settings } from '../../config/settings.ts'
import { createTokenParameters } from '../../config/token-parameters.ts'
import { createOutgoing } from '../../http/outgoing.ts'
import { lookAtCredentials } from '../../oidc/credentials-look.ts'
import { createPostLogoutUriProbe } from '../../oidc/post-logout-uri-probe.ts'
import { createProvider, type Provider } from '../../oidc/provider.ts'
import { createRedirectUriProbe, type RedirectUriStanding } from '../../oidc/redirect-uri-probe.ts'
import { type Finding, fail, type Look, ok, warn } from './check.ts'

type ServerMetadata = Awaited<ReturnType<Provider['metadata']>>

interface Opened {
  readonly settings: Settings
  readonly provider: Provider
  readonly metadata: ServerMetadata
  readonly redirectUri: string
  readonly postLogoutRedirectUri: string
  readonly outgoing: ReturnType<typeof createOutgoing>
}

/** What the provider knows of this client, and what it can do. It asks for nothing that has an effect. */
export function clientLooks(): readonly Look[] {
  let opening: Promise<Opened | undefined> | undefined
  const look = (id: string, at: (opened: Opened) => Promise<Finding>): Look => ({
    id,
    async look(settings) {
      opening ??= open(settings).catch(() => undefined)
      const opened = await opening
      if (!opened) return { status: 'skipped', message: 'the issuer comes first' }
      return at(opened)
    },
  })
  return [
    look('credentials', lookAtClient),
    look('redirect-uri', (opened) =>
      registered(opened.redirectUri, 'redirect URI', redirectUriStanding(opened)),
    ),
    look('post-logout-uri', lookAtPostLogoutUri),
    look('capabilities', async (opened) => capabilities(opened)),
  ]
}

/** Rejects with ProviderError. */
async function open(settings: Settings): Promise<Opened> {
  const { oidc, publicOrigin } = settings
  const outgoing = createOutgoing(settings.outgoing)
  const redirectUri = `${publicOrigin}${settings.callbackPath}`
  const postLogoutRedirectUri = `${publicOrigin}${settings.logoutCallbackPath}`
  const provider = createProvider({
    ...{ oidc, redirectUri, postLogoutRedirectUri, now: Date.now },
    parameters: createTokenParameters({}),
    fetch: outgoing.fetch(() => oidc.tls),
    // What it would log, the findings say.
    log: { event: () => undefined },
  })
  const metadata = await provider.metadata()
  return { settings, provider, metadata, redirectUri, postLogoutRedirectUri, outgoing }
}

async function lookAtClient({ settings, provider, redirectUri }: Opened): Promise<Finding> {
  const { oidc } = settings
  const standing = await lookAtCredentials({ oidc, redirectUri, call: provider.call })
  if (standing === 'good') return ok(`the provider knows ${oidc.clientId}, and takes what it shows`)
  if (standing === 'unknown') {
    return {
      status: 'skipped',
      message: 'the provider does not tell a wrong secret from a right one',
    }
  }
  return fail(
    `the provider refuses the client ${oidc.clientId}, or its secret or key`,
    'compare OIDC_CLIENT_ID and OIDC_CLIENT_SECRET (or OIDC_CLIENT_KEY) with the client there; oidc.authMethod pins how they are sent',
  )
}

function redirectUriStanding({ settings, provider, redirectUri, outgoing }: Opened) {
  const { issuer, clientId } = settings.oidc
  const probe = createRedirectUriProbe({
    ...{ provider, redirectUri, issuer, clientId },
    navigate: outgoing.navigate(() => settings.oidc.tls),
    // Nothing is remembered: whoever asks has just changed something.
    store: {
      create: async () => true,
      getFresh: async () => undefined,
      replace: async () => undefined,
    },
  })
  return probe()
}

async function lookAtPostLogoutUri(opened: Opened): Promise<Finding> {
  const { settings, provider, metadata, postLogoutRedirectUri, outgoing } = opened
  if (settings.oidc.logout === false) {
    return { status: 'skipped', message: 'oidc.logout is false: nobody is sent there' }
  }
  if (metadata.end_session_endpoint === undefined) {
    return warn(
      'the provider has no sign-out page (end_session_endpoint): people stay signed in there',
      'oidc.logout says what to do instead, or that this is known',
    )
  }
  const navigate = outgoing.navigate(() => settings.oidc.tls)
  const probe = createPostLogoutUriProbe({ provider, navigate, postLogoutRedirectUri })
  return registered(postLogoutRedirectUri, 'post-logout redirect URI', probe())
}

async function registered(
  uri: string,
  what: string,
  asked: Promise<RedirectUriStanding>,
): Promise<Finding> {
  const standing = await asked.catch(() => 'unknown' as const)
  if (standing === 'accepted') return ok(`${uri} is registered`)
  if (standing === 'unknown') {
    return { status: 'skipped', message: `the provider does not tell whether ${uri} is registered` }
  }
  return fail(
    `the provider does not accept ${uri}`,
    `register it as ${what} of this client at the provider, exactly as written here`,
  )
}

/** What the settings ask of the provider against what it lists. */
function capabilities({ settings, metadata }: Opened): Finding {
  const { oidc, logout } = settings
  if (oidc.par && metadata.pushed_authorization_request_endpoint === undefined) {
    return fail(
      'the provider has no endpoint for pushed requests, and oidc.par is set: nobody can sign in',
      'take oidc.par out, or name the endpoint in oidc.endpoints.par',
    )
  }
  const lacks: [problem: string, fix: string][] = []
  const listed = (name: keyof ServerMetadata) => {
    const list = metadata[name]
    return Array.isArray(list) && list.length > 0 ? (list as unknown[]) : undefined
  }
  const unknown = oidc.isScopeSet
    ? oidc.scope.split(' ').filter((name) => listed('scopes_supported')?.includes(name) === false)
    : []
  if (unknown.length > 0) {
    lacks.push([
      `it does not list the scopes ${unknown.join(' ')}`,
      'see whether OIDC_SCOPE is right',
    ])
  }
  const algorithms = listed('id_token_signing_alg_values_supported')
  if (oidc.idTokenAlg !== undefined && algorithms?.includes(oidc.idTokenAlg) === false) {
    lacks.push([
      `it does not sign ID tokens with ${oidc.idTokenAlg}`,
      `set oidc.idTokenAlg to one of ${algorithms.join(', ')}, or leave it out`,
    ])
  }
  if (listed('code_challenge_methods_supported')?.includes('S256') === false) {
    lacks.push(['it does not list PKCE with S256', 'allow it there: it is always sent'])
  }
  if (listed('grant_types_supported')?.includes('refresh_token') === false) {
    lacks.push([
      'it does not list the grant refresh_token',
      'allow it there, or people sign in again whenever the access token expires',
    ])
  }
  if (oidc.dpop && listed('dpop_signing_alg_values_supported') === undefined) {
    lacks.push(['it does not list DPoP, and oidc.dpop is set', 'take oidc.dpop out if it has none'])
  }
  if (logout.revoke && metadata.revocation_endpoint === undefined) {
    lacks.push([
      'it has no revocation endpoint: tokens outlive a sign-out',
      'keep them short-lived there; logout.revoke: false says that this is known',
    ])
  }
  if (lacks.length === 0) return ok('the provider lists all that the settings ask for')
  const [problems, fixes] = [lacks.map(([it]) => it), lacks.map(([, it]) => it)]
  return warn(`the provider: ${problems.join('; ')}`, fixes.join('; '))
}
