import { randomBytes } from 'node:crypto'
import { type Environment, isNamedProduction, processEnvironment } from '../config/env.ts'
import type { Settings } from '../config/settings.ts'
import type { TokenParameters } from '../config/token-parameters.ts'
import { given } from '../http/given.ts'
import { isLoopback } from '../http/loopback.ts'
import { dpopKeyOf } from '../oidc/dpop-key.ts'
import { jwtClaims } from '../oidc/jwt-claims.ts'
import type { ClaimsPolicy } from '../session/claims.ts'
import type { AccessToken } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { accessTokenFrom } from '../tokens/access-token.ts'
import { tokenSlot } from '../tokens/token-slot.ts'

/** Somebody whom a test signs in. */
export interface TestPerson {
  readonly sub: string
  /** As the provider would give them: the hook `claims` and `session.claims` choose from them. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** For the APIs that get a user's token. Without one their calls are 401 `token_expired`. */
  readonly accessToken?: string
  /** Lifetime of the access token, in seconds; after it calls are 401. No end when left out. */
  readonly expiresIn?: number
}

/** Puts a session into the store without a provider. Rejects where tests have no business. */
export type TestSession = (
  person: TestPerson,
) => Promise<{ readonly setCookie: string; readonly absoluteAt: number }>

export interface TestSessionDeps {
  readonly settings: Pick<Settings, 'publicOrigin' | 'oidc' | 'session' | 'remotes'>
  readonly sessions: Pick<Sessions, 'create'>
  readonly claims: ClaimsPolicy
  readonly parameters: TokenParameters
  readonly now: () => number
  /** @default process.env */
  readonly env?: Environment
}

export function createTestSession(deps: TestSessionDeps): TestSession {
  const { settings, sessions, claims, parameters, now, env = processEnvironment() } = deps
  const { publicOrigin, oidc, remotes } = settings

  /** The token under every name by which a call of a remote may ask for it. */
  async function tokensOf({ accessToken, expiresIn }: TestPerson) {
    if (accessToken === undefined) return {}
    const type = oidc.dpop ? 'dpop' : 'bearer'
    const granted = { token: accessToken, type, ...given({ expiresInSeconds: expiresIn }) } as const
    const token = accessTokenFrom(granted, now())
    const tokens: Record<string, AccessToken> = {}
    for (const { resource, scope } of [{}, ...Object.values(remotes)] as Target[]) {
      const target = given({ resource, scope })
      tokens[tokenSlot(target, await parameters({ grant: 'refresh_token', ...target }))] = token
    }
    return tokens
  }

  return async (person) => {
    // Whoever can call this has the secret and the store; it is a slip that it stops, not an attacker.
    if (!isLoopback(new URL(publicOrigin).hostname)) {
      throw new Error(
        `signIn is for tests, and BFF_BASE_URL is ${publicOrigin}: test on localhost, or sign in at the provider.`,
      )
    }
    if (isNamedProduction(env)) {
      throw new Error('signIn is for tests, and NODE_ENV is production: take it out of the test’s.')
    }
    const { sub, accessToken } = person
    const offered = { ...person.claims, sub }
    const at = now()
    const absoluteAt = at + settings.session.absoluteSeconds * 1000
    const { setCookie } = await sessions.create({
      issuer: oidc.issuers[0] ?? oidc.issuer,
      clientId: oidc.clientId,
      sub,
      handle: randomBytes(16).toString('base64url'),
      claims: await claims(
        { claims: offered, idToken: offered, ...given({ accessToken: jwtClaims(accessToken) }) },
        'sign-in',
      ),
      createdAt: at,
      absoluteAt,
      accessTokens: await tokensOf(person),
      ...(oidc.dpop ? { dpopKey: dpopKeyOf(randomBytes(32)) } : {}),
    })
    return { setCookie, absoluteAt }
  }
}

interface Target {
  readonly resource?: string
  readonly scope?: string
}
