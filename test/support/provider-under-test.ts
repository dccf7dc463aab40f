import { createHash, randomBytes } from 'node:crypto'
import { decodeJwt } from 'jose'
import type { OidcSettings } from '#lib/config/oidc.ts'
import { createTokenParameters } from '#lib/config/token-parameters.ts'
import type { AuthorizationRequest } from '#lib/oidc/authorization-request.ts'
import { createProvider, type ProviderDeps } from '#lib/oidc/provider.ts'
import type { ExpectedSignIn, SignInResult } from '#lib/oidc/redeem-code.ts'
import type { Log, LogEvent } from '#lib/telemetry/log.ts'
import type { SignOptions } from './scripted-keys.ts'
import type { ScriptedProvider } from './scripted-provider.ts'
import { settingsOf } from './settings-of.ts'

const redirectUri = 'http://localhost:3000/bff/callback'

export interface RecordedEvents extends Log {
  readonly events: { event: LogEvent; fields: unknown }[]
}

export function recordEvents(): RecordedEvents {
  const events: RecordedEvents['events'] = []
  return { events, event: (event, fields) => void events.push({ event, fields }) }
}

const { oidc: defaults } = settingsOf({
  oidc: { scope: 'openid profile offline_access', idTokenAlg: 'RS256' },
})

function oidcSettings(peer: ScriptedProvider, more: Partial<OidcSettings> = {}) {
  return {
    ...defaults,
    issuer: peer.issuer,
    issuers: [peer.issuer],
    clientId: peer.clientId,
    auth: { method: 'client_secret_basic', secret: peer.clientSecret },
    ...more,
  } satisfies OidcSettings
}

/** Our side of the protocol against a scripted provider, and what a browser would do in between. */
export function providerUnderTest(
  peer: ScriptedProvider,
  options: Partial<Omit<ProviderDeps, 'oidc'>> & { oidc?: Partial<OidcSettings> } = {},
) {
  const oidc = oidcSettings(peer, options.oidc)
  const log = recordEvents()
  const provider = createProvider({
    redirectUri,
    postLogoutRedirectUri: 'http://localhost:3000/bff/logout-callback',
    parameters: createTokenParameters({}),
    fetch,
    now: Date.now,
    log,
    ...options,
    oidc,
  })

  async function start(request: Partial<AuthorizationRequest> = {}) {
    const codeVerifier = random()
    const expected: ExpectedSignIn = {
      state: random(),
      nonce: random(),
      codeVerifier,
      issuer: oidc.issuer,
      clientId: oidc.clientId,
    }
    const url = await provider.authorizationUrl({
      state: expected.state,
      nonce: expected.nonce,
      codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url'),
      ...request,
    })
    return { url, expected }
  }

  return {
    provider,
    oidc,
    log,
    start,
    /** A whole sign-in; `change` may spoil the callback on its way. */
    async signIn(
      more: {
        request?: Partial<AuthorizationRequest>
        expected?: Partial<ExpectedSignIn>
        change?: (callback: URL) => void
      } = {},
    ): Promise<SignInResult> {
      const { url, expected } = await start(more.request)
      const callback = await peer.approve(url)
      more.change?.(callback)
      return provider.redeemCode({ url: callback }, { ...expected, ...more.expected })
    },
  }
}

/** The next token answer carries another ID token: of the same sign-in, with these claims, signed like this. */
export function answerWithIdToken(
  peer: ScriptedProvider,
  claims: Record<string, unknown>,
  sign: SignOptions = {},
): void {
  peer.once('token', async (_, usual) => {
    const answer = await usual()
    const body = answer.body as { id_token: string }
    const { nonce } = decodeJwt(body.id_token)
    return {
      ...answer,
      body: { ...body, id_token: await peer.signIdToken({ nonce, ...claims }, sign) },
    }
  })
}

function random(): string {
  return randomBytes(32).toString('base64url')
}
