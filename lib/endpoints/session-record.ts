import { randomBytes } from 'node:crypto'
import { given } from '../http/given.ts'
import { dpopKeyOf } from '../oidc/dpop-key.ts'
import type { SignInResult } from '../oidc/redeem-code.ts'
import type { BrowserNames } from '../session/browser-names.ts'
import { refreshLifeAfter } from '../session/refresh-life.ts'
import type { SessionRecord } from '../session/session.ts'
import type { Transaction } from '../session/transaction.ts'
import { accessTokenFrom } from '../tokens/access-token.ts'

export interface SessionRecordDeps {
  readonly clientId: string
  readonly absoluteSeconds: number
  readonly now: () => number
}

/** The private JWK that the tokens of this sign-in are bound to, where they are. */
export function dpopKeyFor(transaction: Transaction): JsonWebKey | undefined {
  return transaction.remembered.dpop ? dpopKeyOf(transaction.dpopSeed()) : undefined
}

/** The session that a finished sign-in begins. `slot`: where it keeps the sign-in's own token. */
export function recordOf(
  deps: SessionRecordDeps,
  transaction: Transaction,
  result: Extract<SignInResult, { kind: 'signed-in' }>,
  claims: Record<string, unknown>,
  slot: string,
  agent: BrowserNames,
): SessionRecord {
  const now = deps.now()
  const dpopKey = dpopKeyFor(transaction)
  return {
    issuer: result.issuer,
    clientId: deps.clientId,
    sub: result.sub,
    ...given({ sid: result.sid }),
    handle: randomBytes(16).toString('base64url'),
    claims,
    agent,
    idToken: result.idToken,
    ...given({ sessionState: result.sessionState, authTime: result.authTime }),
    createdAt: now,
    absoluteAt: now + deps.absoluteSeconds * 1000,
    ...given({ refreshToken: result.refreshToken, refreshLife: refreshLifeAfter(result, now) }),
    accessTokens: { [slot]: accessTokenFrom(result.accessToken, now) },
    ...given({ dpopKey }),
  }
}
