/** What the benchmark's servers have in common: settings, and people signed in without a provider. */
import { randomBytes } from 'node:crypto'
import type { Config } from '#lib/config/define-config.ts'
import { loadSettings } from '#lib/config/load-settings.ts'
import type { Settings } from '#lib/config/settings.ts'
import { generateDpopKey } from '#lib/oidc/dpop-key.ts'
import { createCipher } from '#lib/session/cipher.ts'
import type { SessionRecord } from '#lib/session/session.ts'
import { createSessionIndex } from '#lib/session/session-index.ts'
import { createSessions } from '#lib/session/sessions.ts'
import { createTickets } from '#lib/session/ticket.ts'
import type { KeyValue } from '#lib/store/key-value.ts'

export const quiet = { event: () => undefined }

const hourMs = 3_600_000

/** What every server of the benchmark finds in its environment, on top of where its store and provider are. */
export const benchEnv = {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  BFF_BASE_URL: 'https://app.example',
  BFF_SECRET: 'qY7#kL2pVz9wXr4tBn6mJc8sDf1gHa3e-Ru5iOo0',
  OIDC_ISSUER: 'https://op.example',
  OIDC_CLIENT_ID: 'bench',
  OIDC_CLIENT_SECRET: 'pW4$nT8xKq2vZr6y-Lm9jHb3c',
  LOG_LEVEL: 'silent',
}

export function benchConfig(upstream: string): Config {
  return { remotes: { api: { target: upstream } } }
}

export function benchSettings(env: Record<string, string>, upstream: string): Settings {
  const loaded = loadSettings({
    env: { ...benchEnv, PORT: '0', ...env },
    config: benchConfig(upstream),
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.settings
}

export interface SeedOptions {
  readonly sub?: string
  /** The tokens are bound to a key, and every request carries a proof of its own. */
  readonly dpop?: boolean
  /** The access token is of no use any more, and must be refreshed first. */
  readonly expired?: boolean
}

/** Signs people in without a provider: the same record that a callback writes. Answers the cookie. */
export function createSeeder(settings: Settings, store: KeyValue) {
  const now = Date.now
  const sessions = createSessions({
    renew: async () => {},
    store,
    cipher: createCipher(settings.secrets, 'record'),
    tickets: createTickets({
      secrets: settings.secrets,
      secure: settings.publicOrigin.startsWith('https:'),
      sameSite: 'strict',
      cookieName: settings.session.cookieName,
      now,
    }),
    index: createSessionIndex({ store, now }),
    log: quiet,
    now,
    idleSeconds: 3600,
    touchEverySeconds: 60,
  })
  return async ({ sub = 'alice', dpop = false, expired = false }: SeedOptions = {}) => {
    const { setCookie } = await sessions.create(await record(settings, sub, dpop, expired))
    return setCookie.split(';', 1)[0] ?? ''
  }
}

/** Sessions of which nobody holds the ticket: sealing so many tickets would take minutes. */
export async function addStrangers(settings: Settings, store: KeyValue, count: number) {
  const cipher = createCipher(settings.secrets, 'record')
  for (let i = 0; i < count; i += 500) {
    const some = Array.from({ length: Math.min(500, count - i) }, async (_, j) => {
      const key = `session:${randomBytes(32).toString('base64url')}`
      const text = JSON.stringify(await record(settings, `user-${i + j}`, false, false))
      await store.create(key, await cipher.encrypt(key, text), hourMs)
    })
    await Promise.all(some)
  }
}

async function record(
  { oidc }: Settings,
  sub: string,
  dpop: boolean,
  expired: boolean,
): Promise<SessionRecord> {
  const now = Date.now()
  const token = {
    token: `eyJhbGciOiJSUzI1NiJ9.${'x'.repeat(600)}`,
    type: dpop ? 'dpop' : 'bearer',
    obtainedAt: now - hourMs,
    expiresAt: expired ? now - 1000 : now + hourMs,
  } as const
  return {
    issuer: oidc.issuer,
    clientId: oidc.clientId,
    sub,
    handle: 'handle',
    claims: { sub, name: 'Alice' },
    createdAt: now,
    absoluteAt: now + 8 * hourMs,
    refreshToken: 'refresh',
    accessTokens: { '': token },
    ...(dpop ? { dpopKey: await generateDpopKey() } : {}),
  }
}
