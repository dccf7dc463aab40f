import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createSeal } from './seal.ts'
import { createTickets } from './ticket.ts'

const secret = 'first-secret-of-the-tests-0123456789-abcdef'
const older = 'older-secret-of-the-tests-0123456789-abcdef'
const hour = 3_600_000

function tickets(options: { secrets?: string[]; now?: () => number } = {}) {
  const { secrets = [secret], now = () => 1000 } = options
  return createTickets({ secrets, secure: true, sameSite: 'strict', cookieName: 'bff', now })
}

const pairOf = (setCookie: string) => setCookie.slice(0, setCookie.indexOf(';'))

test('S1: the ticket cookie has every flag', async () => {
  const cookie = await tickets().cookie('id', 1000 + hour)
  assert.match(
    cookie,
    /^__Host-Http-bff=Fe26[^;]+; Path=\/; HttpOnly; SameSite=Strict; Secure; Max-Age=3600$/,
  )
  assert.equal(
    tickets().clearCookie(),
    '__Host-Http-bff=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0',
  )
})

test('a ticket leads to its key, remembered or not', async () => {
  const issuer = tickets()
  const { id, key } = issuer.issue()
  const cookie = pairOf(await issuer.cookie(id, 1000 + hour))
  assert.equal((await tickets().read(`other=1; ${cookie}`))?.key, key)
  await issuer.read(cookie)
  const again = issuer.read(cookie)
  assert.ok(!(again instanceof Promise), 'a known ticket is answered without a promise')
  assert.equal(again?.key, key)
})

test('S4: a ticket past its absolute expiry is none, remembered or not', async () => {
  let now = 1000
  const issuer = tickets({ now: () => now })
  const cookie = pairOf(await issuer.cookie('id', 1000 + hour))
  assert.ok(await issuer.read(cookie))
  now += hour
  assert.equal(await issuer.read(cookie), undefined)
  assert.equal(await tickets({ now: () => now }).read(cookie), undefined)
})

test('S5: a ticket under the second secret works and is sealed again under the first', async () => {
  const cookie = pairOf(await tickets({ secrets: [older] }).cookie('id', 1000 + hour))
  const rotated = tickets({ secrets: [secret, older] })
  const ticket = await rotated.read(cookie)
  assert.ok(ticket?.setCookie)
  const renewed = await tickets({ secrets: [secret] }).read(pairOf(ticket.setCookie))
  assert.equal(renewed?.key, ticket.key)
  assert.equal(renewed?.setCookie, undefined)
})

test('S3: a ticket under an unknown secret is none', async () => {
  const cookie = pairOf(await tickets({ secrets: [older] }).cookie('id', 1000 + hour))
  assert.equal(await tickets().read(cookie), undefined)
})

test('S3: a value sealed for another purpose is no ticket', async () => {
  const payload = { id: 'id', absoluteAt: 1000 + hour }
  for (const purpose of ['transaction', 'logout', 'record'] as const) {
    const foreign = await createSeal([secret], purpose).seal(payload)
    assert.equal(await tickets().read(`__Host-Http-bff=${foreign}`), undefined)
  }
  const own = await createSeal([secret], 'session').seal(payload)
  assert.ok(await tickets().read(`__Host-Http-bff=${own}`))
})

test('S3: two ticket cookies are none, for one of them was planted', async () => {
  const issuer = tickets()
  const one = pairOf(await issuer.cookie('one', 1000 + hour))
  const two = pairOf(await issuer.cookie('two', 1000 + hour))
  assert.equal(await issuer.read(`${one}; ${two}`), undefined)
  assert.equal(await issuer.read(`__Host-Http-bff=x; ${one}`), undefined)
})

test('S3: no change of a ticket is a ticket', async () => {
  const issuer = tickets()
  const cookie = pairOf(await issuer.cookie('id', 1000 + hour))
  // From here on it is remembered, and must still be compared to the last character.
  assert.ok(await issuer.read(cookie))
  const prefix = '__Host-Http-bff='.length
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: prefix, max: cookie.length - 1 }),
      fc.integer({ min: 0x21, max: 0x7e }),
      async (at, code) => {
        const changed = cookie.slice(0, at) + String.fromCharCode(code) + cookie.slice(at + 1)
        if (changed === cookie) return
        assert.equal(await issuer.read(changed), undefined)
      },
    ),
    { numRuns: 300 },
  )
  for (const changed of [
    cookie.slice(0, -1),
    `${cookie}a`,
    `${cookie}~2`,
    `${cookie}${'a'.repeat(5000)}`,
  ])
    assert.equal(await issuer.read(changed), undefined)
})

test('S3: no text whatever is a ticket, and none makes it reject', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 200 }), async (text) => {
      assert.equal(await tickets().read(`__Host-Http-bff=${text}`), undefined)
    }),
    { numRuns: 300 },
  )
})

test('S14: a name with any other byte before or after it is not our ticket', async () => {
  for (const secure of [true, false]) {
    const name = secure ? '__Host-Http-bff' : 'bff'
    const issuer = createTickets({
      secrets: [secret],
      secure,
      sameSite: 'strict',
      cookieName: 'bff',
      now: () => 1000,
    })
    const value = pairOf(await issuer.cookie('id', 1000 + hour)).slice(name.length + 1)
    for (const stray of strayCharacters) {
      for (const planted of [stray + name, name + stray]) {
        const found = await issuer.read(`${planted}=${value}`)
        assert.equal(found, undefined, JSON.stringify(planted))
        // Nor does it make two of the one that is ours, which would lock its owner out.
        assert.ok(await issuer.read(`${planted}=x; ${name}=${value}`), JSON.stringify(planted))
      }
      assert.equal(await issuer.read(`${name}=${stray}${value}`), undefined)
      assert.equal(await issuer.read(`${name}=${value}${stray}`), undefined)
    }
    assert.ok(await issuer.read(` \t${name}= \t${value} \t`))
  }
})

/** Every byte but those that a cookie header is made of, and what else counts as white space in Unicode. */
const strayCharacters = [...Array(256).keys(), 0x2003, 0x2028, 0x3000, 0xfeff]
  .filter((code) => !(code > 0x20 && code < 0x7f) && code !== 0x20 && code !== 0x09)
  .map((code) => String.fromCharCode(code))
