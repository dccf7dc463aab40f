import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KeyValue } from '../store/key-value.ts'
import { createMemoryStore } from '../store/memory.ts'
import { type Cipher, createCipher } from './cipher.ts'
import type { SessionRecord } from './session.ts'
import { createSessionIndex } from './session-index.ts'
import { createSessions } from './sessions.ts'
import { createTickets } from './ticket.ts'

const secrets = ['first-secret-of-the-tests-0123456789-abcdef']
const hour = 3_600_000

function setup() {
  const clock = { now: 1_000_000 }
  const now = () => clock.now
  const memory = createMemoryStore({ now })
  const touches: string[] = []
  const store: KeyValue = {
    ...memory,
    touch(key, ttlMs) {
      touches.push(key)
      return memory.touch(key, ttlMs)
    },
  }
  const cipher = createCipher(secrets, 'record')
  const decrypted: string[] = []
  const counting: Cipher = {
    encrypt: cipher.encrypt,
    decrypt(place, value) {
      decrypted.push(place)
      return cipher.decrypt(place, value)
    },
  }
  const sessions = createSessions({
    store,
    cipher: counting,
    tickets: createTickets({ secrets, secure: true, sameSite: 'strict', now }),
    index: createSessionIndex({ store, now, pruneChance: 0 }),
    log: { event: (event) => assert.fail(event) },
    now,
    idleSeconds: 1800,
    touchEverySeconds: 60,
  })
  const record = (claims: Record<string, unknown> = {}): SessionRecord => ({
    issuer: 'https://login.example',
    clientId: 'app',
    sub: 'alice',
    sid: 'sid-of-alice',
    handle: 'handle',
    claims,
    createdAt: clock.now,
    absoluteAt: clock.now + 8 * hour,
    accessTokens: {},
  })
  const cookieOf = (setCookie: string) => setCookie.slice(0, setCookie.indexOf(';'))
  return { clock, store, touches, decrypted, sessions, record, cookieOf }
}

test('S15: what is remembered of sessions is bounded in bytes, however large each is', async () => {
  const { sessions, record, store, decrypted } = setup()
  const keys: string[] = []
  let stored = 0
  for (let i = 0; i < 300; i += 1) {
    const { session } = await sessions.create(record({ groups: `${i}`.padEnd(200_000, 'x') }))
    keys.push(session.key)
    stored += (await store.get(session.key))?.value.length ?? 0
  }
  const size = stored / keys.length
  for (const key of keys.toReversed()) await sessions.readFresh(key)
  const kept = keys.length - decrypted.length
  assert.ok(kept > 10, `remembers ${kept}`)
  assert.ok(kept * size < 64 * 1024 * 1024, `remembers ${kept} of ${Math.round(size)} characters`)
})
