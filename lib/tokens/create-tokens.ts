import type { Settings } from '../config/settings.ts'
import type { TokenParameters } from '../config/token-parameters.ts'
import { isKeycloak } from '../oidc/keycloak.ts'
import { createNonceMemory } from '../oidc/nonce-memory.ts'
import type { Provider } from '../oidc/provider.ts'
import { createCipher } from '../session/cipher.ts'
import type { ClaimsPolicy } from '../session/claims.ts'
import { createEndNotes } from '../session/end-notes.ts'
import type { Sessions } from '../session/sessions.ts'
import type { KeyValue } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import { createDpopSigners } from './dpop.ts'
import { createEndSession } from './end-session.ts'
import { createEndSessions } from './end-sessions.ts'
import { createExchangedToken } from './exchanged-token.ts'
import { createGiveBackTokens } from './give-back-tokens.ts'
import { createLeftTokens } from './left-tokens.ts'
import { createMachineToken } from './machine-token.ts'
import { createCheckAudience } from './named-audience.ts'
import { createRefreshGrant } from './refresh-grant.ts'
import { createReplacedSessions } from './replaced-session.ts'
import { createRevocation } from './revocation.ts'
import { createUserToken, type TokenTarget } from './user-token.ts'

export interface TokensDeps {
  readonly settings: Settings
  readonly parameters: TokenParameters
  readonly provider: Provider
  readonly sessions: Sessions
  readonly store: KeyValue
  readonly claims: ClaimsPolicy
  /** The remotes for whose calls such a user token is asked, by name. */
  readonly remotesOf: (target: TokenTarget) => string[]
  readonly log: Log
  readonly now: () => number
  readonly giveBackEveryMs: number | undefined
}

/** Tokens of every kind, as the settings say, and the end of those that a session holds. */
export function createTokens(deps: TokensDeps) {
  const { settings, parameters, provider, sessions, store, claims, remotesOf, log, now } = deps
  const { oidc, secrets, clients, remotes } = settings
  const signer = createDpopSigners({ nonces: createNonceMemory() })
  const revoke = createRevocation({
    provider,
    oidc,
    signer: createDpopSigners({ nonces: provider.nonces }),
    log,
  })
  const endNotes = createEndNotes({ store })
  const replaced = createReplacedSessions({ store, sessions })
  const left = createLeftTokens({
    ...{ store, now },
    cipher: createCipher(secrets, 'left-token'),
    isWanted: async () =>
      settings.logout.revoke && (await provider.metadata()).revocation_endpoint !== undefined,
  })
  const checkAudience = createCheckAudience({ log, remotes })
  const shared = { provider, parameters, signer, checkAudience, log, now, sleep }
  const { userToken, renewSession } = createUserToken({
    ...shared,
    sessions,
    store,
    replaced,
    left,
    endNotes,
    grant: createRefreshGrant({ provider, oidc, now }),
    revoke,
    claims,
    remotesOf,
    ...settings.tokens,
  })
  const cipher = createCipher(secrets, 'machine-token')
  const clientToken = createMachineToken({ ...shared, clients, cipher, oidc, store })
  const exchangedToken = createExchangedToken({ ...shared, userToken, clientToken })
  const endSession = createEndSession({ sessions, replaced, revoke, left, endNotes, log })
  const endSessions = createEndSessions(endSession)
  const giveBackTokens = createGiveBackTokens({
    ...{ store, sessions, left, revoke, log, now },
    everyMs: deps.giveBackEveryMs,
    isSidApart: async () => isKeycloak(await provider.metadata()),
  })
  return {
    left,
    endNotes,
    giveBackTokens,
    userToken,
    renewSession,
    clientToken,
    exchangedToken,
    revoke,
    endSession,
    endSessions,
  }
}

export type Tokens = ReturnType<typeof createTokens>

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
