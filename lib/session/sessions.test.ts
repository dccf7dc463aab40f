import assert from 'node:assert/strict'
import { test } from 'node:test'
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
  const store = createMemoryStore({ now })
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
    renew: async () => {},
    store,
    cipher: counting,
    tickets: createTickets({ secrets, secure: true, sameSite: 'strict', cookieName: 'bff', now }),
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
  return { clock, store, decrypted, sessions, record, cookieOf }
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

test('S7: a save of what has changed since it was read is none', async () => {
  const { sessions, record } = setup()
  const { session } = await sessions.create(record())
  const saved = await sessions.save(session, { ...session.record, refreshToken: 'first' })
  assert.equal(saved?.version, 2)
  assert.equal(await sessions.save(session, { ...session.record, refreshToken: 'late' }), undefined)
  assert.equal((await sessions.readFresh(session.key))?.record.refreshToken, 'first')
  await sessions.end(saved ?? session)
  assert.equal(await sessions.save(saved ?? session, session.record), undefined)
  assert.equal(await sessions.readFresh(session.key), undefined)
})

test('O2: a session is found by its sid and its sub as long as it lives', async () => {
  const { sessions, record, clock, cookieOf } = setup()
  const { session, setCookie } = await sessions.create(record())
  const { issuer, sub, sid = '' } = session.record
  for (let at = 0; at < 8 * hour; at += hour / 3) {
    const found = [await sessions.findBySid(issuer, sid), await sessions.findBySub(issuer, sub)]
    assert.deepEqual(
      found.map((list) => list.map(({ key }) => key)),
      [[session.key], [session.key]],
      `after ${at / 60_000} minutes`,
    )
    clock.now += hour / 3
    await sessions.read(cookieOf(setCookie), 'use')
  }
  assert.deepEqual(await sessions.findBySid(issuer, sid), [])
})
