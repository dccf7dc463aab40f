import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import type { LogFields } from '#lib/telemetry/log.ts'
import { type App, startApp } from './support/app.ts'
import { answerWithIdToken } from './support/provider-under-test.ts'
import type { SignOptions } from './support/scripted-keys.ts'

let app: App
before(async () => {
  app = await startApp({ config: { oidc: { userinfo: true, idTokenAlg: 'RS256' } } })
})
after(() => app.close())
beforeEach(() => {
  app.log.events.length = 0
  app.provider.override('token')
  app.provider.override('userinfo')
  app.provider.override('authorize')
})

/** A sign-in that fails: its page, and what the log says of it. */
async function failing(query = '') {
  // Of one kind and client ten are told in a minute.
  app.advance(60_000)
  const page = await app.browser().signInHere(query)
  assert.ok(page.status >= 400, `${page.status}`)
  const told = app.log.events.filter(({ event }) => event === 'sign_in.failed')
  assert.equal(told.length, 1)
  const fields = told[0]?.fields as LogFields['sign_in.failed']
  return { page, fields, message: String((fields.cause as Error | undefined)?.message) }
}

const now = () => Math.floor(Date.now() / 1000)
const client = '"cloakroom-test"'

describe('the log after a token that was refused', () => {
  const refused: [
    claim: string,
    claims: Record<string, unknown>,
    sign: SignOptions,
    found: RegExp,
    expected: RegExp,
  ][] = [
    ['iss', { iss: 'https://evil.example' }, {}, /^"https:\/\/evil.example"$/, /^"http:\/\/127/],
    ['aud', { aud: 'another' }, {}, /^"another"$/, new RegExp(client)],
    ['aud', { aud: undefined }, {}, /^missing$/, new RegExp(client)],
    ['azp', { azp: 'another' }, {}, /^"another"$/, new RegExp(client)],
    ['azp', { aud: ['cloakroom-test', 'x'] }, {}, /^missing$/, new RegExp(client)],
    ['sub', { sub: undefined }, {}, /^missing$/, /./],
    ['sub', { sub: '' }, {}, /^""$/, /a text/],
    ['exp', { exp: 'soon' }, {}, /^"soon"$/, /./],
    ['nonce', { nonce: 'another' }, {}, /^"…"$/, /of this sign-in/],
    ['nonce', { nonce: undefined }, {}, /^missing$/, /of this sign-in/],
    ['alg', {}, { alg: 'ES256' }, /^"ES256"$/, /^RS256$/],
    ['alg', {}, { alg: 'none' }, /^"none"$/, /^RS256$/],
    ['kid', {}, { key: 'foreign' }, /^"foreign/, /a key of the provider/],
    ['signature', {}, { key: 'foreign', kid: 'key-0-rs256' }, /"key-0-rs256"$/, /fits/],
  ]
  for (const [claim, claims, sign, found, expected] of refused) {
    const title = `${claim} of ${JSON.stringify({ ...claims, ...sign })}`
    test(`A8: says which claim it was, what was found and what was expected: ${title}`, async () => {
      answerWithIdToken(app.provider, claims, sign)
      const { fields, message } = await failing()
      assert.deepEqual([fields.token, fields.claim], ['ID token', claim])
      assert.match(fields.found ?? '', found)
      assert.match(fields.expected ?? '', expected)
      assert.ok(message.startsWith(`ID token: ${claim} is ${fields.found}`), message)
    })
  }

  test('A8: UserInfo about somebody else', async () => {
    app.provider.override('userinfo', () => ({ body: { sub: 'mallory' } }))
    const { token, claim, found, expected } = (await failing()).fields
    assert.deepEqual([token, claim, found, expected], ['UserInfo', 'sub', '"mallory"', '"alice"'])
  })

  test('A8: OAuth error codes stand in it as they came', async () => {
    const codes = ['UTHX.Exception-7', 'AADSTS50011', 'temporarily_unavailable!', 'a b', 'x:y/z?']
    for (const code of codes) {
      app.log.events.length = 0
      app.provider.once('token', () => ({ status: 400, body: { error: code } }))
      assert.equal((await failing()).fields.error, code)
    }
  })

  test('A8: what is no error code does not stand in it', async () => {
    const mixed = 'kJ8fQ2xW9vB4nM7tR3yL6zC1'
    for (const error of ['a"\\\r\n\u202eb漢\u0000', 'x'.repeat(65), mixed, `bad ${mixed}`]) {
      app.log.events.length = 0
      app.provider.once('token', () => ({ status: 400, body: { error } }))
      assert.equal((await failing()).fields.error, 'withheld')
    }
    for (const error of ['', null, 7, {}]) {
      app.log.events.length = 0
      app.provider.once('token', () => ({ status: 400, body: { error } }))
      assert.equal((await failing()).fields.error, undefined)
    }
  })
})

describe('clocks', () => {
  /** The provider's `Date`, this many seconds off. */
  function datedBy(seconds: number, claims: Record<string, unknown>): void {
    app.provider.once('token', async (_, usual) => {
      const answer = await usual()
      const { id_token, ...rest } = answer.body as { id_token: string }
      const { nonce } = decodeJwt(id_token)
      const body = { ...rest, id_token: await app.provider.signIdToken({ nonce, ...claims }) }
      const date = new Date(Date.now() + seconds * 1000).toUTCString()
      return { ...answer, body, headers: { date } }
    })
  }
  const off: [what: string, dateOff: number, claim: string, shift: number, clock: RegExp][] = [
    ['a provider ahead of us', 90, 'iat', 90, /^this machine’s looks (89|90|91) s slow/],
    ['a provider behind us', -400, 'exp', -100, /^this machine’s looks (399|400|401) s fast/],
    ['a signer ahead of its own provider', 0, 'iat', 90, /^that which signs/],
  ]
  for (const [what, dateOff, claim, shift, clock] of off) {
    test(`L24: ${what}: by how many seconds, and whose clock looks wrong`, async () => {
      const times =
        claim === 'iat' ? { iat: now() + shift, exp: now() + 900 } : { exp: now() + shift }
      datedBy(dateOff, times)
      const { fields } = await failing()
      assert.equal(fields.claim, claim)
      assert.match(fields.found ?? '', shift > 0 ? /^(88|89|90) s ahead$/ : /^(100|101|102) s ago$/)
      assert.match(fields.clock ?? '', clock)
    })
  }
})

describe('what was asked of a sign-in', () => {
  const old = () => now() - 3600

  test('L24: auth_time counts only where something asked for it', async () => {
    for (const auth_time of [undefined, null, 'yesterday', old(), -1]) {
      answerWithIdToken(app.provider, { auth_time })
      const browser = app.browser()
      await browser.signInHere()
      assert.equal((await browser.user())?.sub, 'alice', String(auth_time))
    }
  })

  test('L24: prompt=login takes a new auth_time, and none', async () => {
    for (const auth_time of [now(), undefined]) {
      answerWithIdToken(app.provider, { auth_time })
      const browser = app.browser()
      await browser.signInHere('?prompt=login')
      assert.equal((await browser.user())?.sub, 'alice')
    }
  })

  const ignored: [what: string, query: string, claims: () => Record<string, unknown>][] = [
    ['max_age', 'max_age=60', () => ({ auth_time: old() })],
    ['max_age', 'max_age=0', () => ({ auth_time: undefined })],
    ['prompt=login', 'prompt=login', () => ({ auth_time: old() })],
    ['acr_values', 'acr_values=gold', () => ({ acr: 'bronze' })],
  ]
  for (const [what, query, claims] of ignored) {
    test(`L25: a provider that ignores ${what} is named, and nobody is asked to try again (${query})`, async () => {
      answerWithIdToken(app.provider, claims())
      const { page, fields } = await failing(`?returnUrl=/deep&${query}`)
      assert.equal(page.status, 400)
      assert.match(page.body, /sign-in service did not do what .* ignored/)
      assert.doesNotMatch(page.body, /again/)
      assert.match(page.body, /href="\/deep"/)
      assert.equal(fields.code, 'sign_in_request_ignored')
      assert.match(fields.expected ?? '', new RegExp(`as ${what} asked$`))
    })
  }
})
