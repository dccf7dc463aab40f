import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isFresh } from '#lib/tokens/token-slot.ts'
import { startApp } from './support/app.ts'

const second = 1000
const rest = 30 * second

describe('T24: before it expires', () => {
  test('T24: a token is renewed at most once in half a minute, whatever lifetimes and margins say', () => {
    for (const lifetime of [1, 5, 29, 31, 36, 60, 61, 300, 3600]) {
      for (const marginSeconds of [0, 1, 30, 60, 600, 3600]) {
        for (const obtainedAt of [1_700_000_000_000, 1_700_000_000_999]) {
          const expiresAt = obtainedAt + lifetime * second
          const token = { token: 'x', type: 'bearer' as const, obtainedAt, expiresAt }
          const label = `${lifetime} ${marginSeconds} ${obtainedAt}`
          for (let age = 0; age < Math.min(rest, lifetime * second); age += 500) {
            assert.ok(isFresh(token, obtainedAt + age, marginSeconds), `${label}: ${age}`)
          }
          assert.ok(!isFresh(token, expiresAt, marginSeconds), label)
          assert.ok(!isFresh(token, expiresAt + 1, marginSeconds), label)
        }
      }
    }
  })

  for (const [title, lifetime, most] of [
    ['lives for 20 s', 20, 6],
    ['lives for 40 s', 40, 4],
    ['is said to live for no time', 0, 0],
  ] as const) {
    test(`T24: a call a second for two minutes, and a token that ${title}`, async (t) => {
      const app = await startApp({
        provider: { accessTokenLifetime: lifetime },
        config: { tokens: { margin: '1h' }, clients: { catalog: {} } },
      })
      t.after(() => app.close())
      const browser = app.browser()
      await browser.signInHere()
      await app.bff.clientToken('catalog')
      const machines = () => app.provider.tokenRequests('client_credentials').length
      const before = machines()
      for (let at = 0; at < 120; at++) {
        app.advance(second)
        assert.equal((await browser.call('/api/remote/api/x')).status, 200)
        await app.bff.clientToken('catalog')
      }
      const users = app.provider.tokenRequests('refresh_token').length
      assert.ok(users <= most && users >= most - 1, `${users}`)
      assert.ok(machines() - before <= most + 1, `${machines()}`)
    })
  }

  test('T24: a token of half a minute that is over for the API first costs nobody an answer', async (t) => {
    let refusesUntil: string | undefined
    const app = await startApp({
      provider: { accessTokenLifetime: 30 },
      api: ({ headers }, response) => {
        refusesUntil ??= headers.authorization
        response.writeHead(headers.authorization === refusesUntil ? 401 : 200).end()
      },
    })
    t.after(() => app.close())
    const browser = app.browser()
    await browser.signInHere()
    const refreshes = () => app.provider.tokenRequests('refresh_token').length
    app.advance(27 * second)
    assert.equal((await browser.call('/api/remote/api/x')).status, 401)
    assert.equal(refreshes(), 0)
    app.advance(1.5 * second)
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
    assert.equal(refreshes(), 1)
  })

  test('T24: forceRenewal is the caller’s, and exempt', async (t) => {
    const app = await startApp({ config: { clients: { catalog: {} } } })
    t.after(() => app.close())
    for (let i = 0; i < 3; i++) await app.bff.clientToken('catalog', { forceRenewal: true })
    assert.equal(app.provider.tokenRequests('client_credentials').length, 4)
  })
})
