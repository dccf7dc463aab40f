/** The whole engine as it is run: settings, sqlite store, sealed cookie, encrypted session, Node host. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBff } from '#lib/bff.ts'
import { loadSettings } from '#lib/config/load-settings.ts'
import { startNodeHost } from '#lib/hosts/node.ts'
import { createCipher } from '#lib/session/cipher.ts'
import { createSessionIndex } from '#lib/session/session-index.ts'
import { createSessions } from '#lib/session/sessions.ts'
import { createTickets } from '#lib/session/ticket.ts'
import { openStore } from '#lib/store/open-store.ts'
import { reportCpu } from './subject.ts'

const directory = mkdtempSync(join(tmpdir(), 'cloakroom-bench-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))

const loaded = loadSettings({
  env: {
    NODE_ENV: 'production',
    PORT: '0',
    HOST: '127.0.0.1',
    BFF_BASE_URL: 'https://app.example',
    BFF_SECRET: 'qY7#kL2pVz9wXr4tBn6mJc8sDf1gHa3e-Ru5iOo0',
    BFF_STORE: process.env.BENCH_STORE ?? 'sqlite',
    BFF_SQLITE_FILE: join(directory, 'sessions.db'),
    OIDC_ISSUER: 'https://op.example',
    OIDC_CLIENT_ID: 'bench',
    OIDC_CLIENT_SECRET: 'pW4$nT8xKq2vZr6y-Lm9jHb3c',
  },
  config: { remotes: { api: { target: process.env.BENCH_UPSTREAM ?? '' } } },
})
if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
const { settings } = loaded
const log = { event: () => undefined }
const store = await openStore(settings.store)

// Signs somebody in without a provider: the same record that a callback writes.
const now = Date.now
const hour = 3_600_000
const sessions = createSessions({
  store,
  cipher: createCipher(settings.secrets, 'record'),
  tickets: createTickets({ secrets: settings.secrets, secure: true, sameSite: 'strict', now }),
  index: createSessionIndex({ store, now }),
  log,
  now,
  idleSeconds: 3600,
  touchEverySeconds: 60,
})
const token = {
  token: `eyJhbGciOiJSUzI1NiJ9.${'x'.repeat(600)}`,
  type: 'bearer',
  obtainedAt: now(),
  expiresAt: now() + hour,
} as const
const { setCookie } = await sessions.create({
  ...{ issuer: 'https://op.example', clientId: 'bench', sub: 'alice', handle: 'handle' },
  ...{ claims: { sub: 'alice', name: 'Alice' }, createdAt: now(), absoluteAt: now() + 8 * hour },
  refreshToken: 'refresh',
  accessTokens: { '': token },
})

const bff = await createBff({ settings, log, store })
const host = await startNodeHost({ bff, log })
reportCpu(Number(new URL(host.address).port), setCookie.split(';', 1)[0])
