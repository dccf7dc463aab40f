import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { Config } from '#lib/config/define-config.ts'
import type { ProblemCode } from '#lib/http/problem.ts'
import { eventLevels } from '#lib/telemetry/log.ts'
import { type App, type AppBrowser, type AppOptions, startApp } from './support/app.ts'
import type { ScriptedAnswer } from './support/scripted-provider.ts'

let app: App
afterEach(() => app.close())

async function signedIn(options: AppOptions = {}): Promise<AppBrowser> {
  app = await startApp(options)
  const browser = app.browser()
  await browser.signInHere()
  return browser
}

const lastToken = () => app.apiRequests.at(-1)?.headers.authorization
const refreshes = () => app.provider.tokenRequests('refresh_token').length
const code = (body: string): ProblemCode => JSON.parse(body).code
/** Access tokens of the scripted provider live five minutes; after four and a half a refresh is due. */
const due = 270_000
const expired = 301_000

describe('refresh of user tokens (RFC 6749 section 6)', () => {
  test('refreshes ahead of expiry, and the user notices nothing', async () => {
    const browser = await signedIn()
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
    const first = lastToken()
    await browser.call('/api/remote/api/x')
    assert.equal(lastToken(), first)
    assert.equal(refreshes(), 0)
    app.advance(due)
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
    assert.notEqual(lastToken(), first)
    assert.equal(refreshes(), 1)
  })

  test('T1: 50 parallel calls on an expired token make exactly one token request', async () => {
    const browser = await signedIn()
    app.advance(expired)
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => browser.call('/api/remote/api/x')),
    )
    assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [200])
    assert.equal(refreshes(), 1)
    assert.equal(new Set(app.apiRequests.map(({ headers }) => headers.authorization)).size, 1)
  })

  test('T5: a rejected refresh token ends the session', async () => {
    for (const answer of [
      { status: 400, body: { error: 'invalid_grant' } },
      { status: 400, body: '' },
      { status: 400, body: { error: 'invalid_request' } },
      { status: 200, body: { error: 'invalid_grant' } },
    ] satisfies ScriptedAnswer[]) {
      const browser = await signedIn()
      app.advance(expired)
      app.provider.override('token', () => answer)
      const refused = await browser.call('/api/remote/api/x')
      assert.equal(refused.status, 401)
      assert.equal(code(refused.body), 'session_expired')
      assert.equal(app.apiRequests.length, 0)
      assert.equal(await browser.user(), undefined)
      await app.close()
    }
    app = await startApp()
  })

  test('T5: a provider that is ill does not end the session', async () => {
    for (const answer of [
      { status: 500, body: '' },
      { status: 503, body: { error: 'invalid_grant' } },
      { status: 408, body: '' },
      { status: 429, body: '' },
      { status: 403, body: { error: 'access_denied' } },
      { status: 403, body: '<html>' },
      { status: 404, body: { error: 'invalid_grant' } },
      { status: 410, body: '' },
      { status: 400, body: { error: 'server_error' } },
      { status: 200, body: '<html>' },
      { status: 200, body: {} },
      { fault: 'reset' },
    ] satisfies ScriptedAnswer[]) {
      const browser = await signedIn()
      app.advance(expired)
      const recover = app.provider.override('token', () => answer)
      const refused = await browser.call('/api/remote/api/x')
      assert.equal(refused.status, 503, JSON.stringify(answer))
      assert.equal(code(refused.body), 'token_unavailable')
      assert.equal((await browser.user())?.sub, 'alice')
      recover()
      // Whoever comes when we said so does not meet the pause that the provider is given.
      app.advance(Number(refused.headers.get('retry-after')) * 1000)
      assert.equal((await browser.call('/api/remote/api/x')).status, 200)
      await app.close()
    }
    app = await startApp()
  })

  test('T5: our own misconfiguration does not end the session, and the log says whose fault it is', async () => {
    const browser = await signedIn()
    app.advance(expired)
    app.provider.override('token', () => ({ status: 401, body: { error: 'invalid_client' } }))
    const refused = await browser.call('/api/remote/api/x')
    assert.equal(refused.status, 503)
    assert.equal(code(refused.body), 'token_unavailable')
    assert.equal((await browser.user())?.sub, 'alice')
    assert.ok(app.log.events.some(({ event }) => event === 'token.refresh.misconfigured'))
  })

  test('T5: a parameter of ours that the provider does not take signs nobody out, and is told as an error', async () => {
    const parameter = { tenant: 'north' }
    for (const config of [
      { oidc: { refreshParams: parameter } },
      { tokenRequest: () => parameter },
    ] satisfies Config[]) {
      const browser = await signedIn({ config })
      app.advance(expired)
      const recover = app.provider.override('token', ({ params }, usual) =>
        params.has('tenant') ? { status: 400, body: { error: 'invalid_request' } } : usual(),
      )
      for (let i = 0; i < 3; i++) {
        const refused = await browser.call('/api/remote/api/x')
        assert.deepEqual([refused.status, code(refused.body)], [503, 'token_unavailable'])
        assert.equal((await browser.user())?.sub, 'alice')
        app.advance(61_000)
      }
      const told = app.log.events.find(({ event }) => event === 'token.refresh.misconfigured')
      assert.equal(eventLevels[told?.event ?? 'request.refused'], 'error')
      const fields = JSON.stringify(told?.fields)
      assert.match(fields, /invalid_request.*tenant.*oidc\.refreshParams.*tokenRequest/)
      assert.doesNotMatch(fields, /north/)
      recover()
      assert.equal((await browser.call('/api/remote/api/x')).status, 200)
      await app.close()
    }
    app = await startApp()
  })

  test('T5: while the old token is valid, a provider that is ill is not noticed', async () => {
    const browser = await signedIn()
    app.advance(due)
    app.provider.override('token', () => ({ status: 500, body: '' }))
    for (let i = 0; i < 5; i++) assert.equal((await browser.call('/api/remote/api/x')).status, 200)
    assert.equal(refreshes(), 1, 'the cool-down leaves the provider alone')
  })

  test('T5: while the old token is valid, a provider that hangs delays nobody for long', async () => {
    const browser = await signedIn()
    app.advance(due)
    app.provider.override('token', () => ({ fault: 'hang' }))
    const answers = await Promise.all([1, 2, 3].map(() => browser.call('/api/remote/api/x')))
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    )
    assert.equal(refreshes(), 1)
  })

  test('T7: without expires_in the token is used until a 401', async () => {
    let refuse = false
    const browser = await signedIn({
      provider: { accessTokenLifetime: null },
      api: (_, response) => {
        response.writeHead(refuse ? 401 : 200).end()
        refuse = false
      },
    })
    app.advance(3600_000 / 4)
    await browser.call('/api/remote/api/x')
    assert.equal(refreshes(), 0)
    refuse = true
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
    assert.equal(refreshes(), 1)
  })

  test('T7: no new refresh token and no ID token in the answer: the old ones stay', async () => {
    const browser = await signedIn()
    app.provider.state.rotate = false
    app.provider.state.idTokenOnRefresh = false
    for (let i = 0; i < 3; i++) {
      app.advance(due)
      assert.equal((await browser.call('/api/remote/api/x')).status, 200)
    }
    assert.equal(refreshes(), 3)
    assert.equal((await browser.user())?.name, 'Alice Größer 漢 🎟')
    const logoutUrl = String((await browser.user())?.['bff:logout_url'])
    const { headers } = await browser.send(`${app.origin}${logoutUrl}`)
    assert.match(headers.get('location') ?? '', /id_token_hint=/)
  })

  test('T7: a refreshed ID token updates the claims', async () => {
    const browser = await signedIn()
    app.provider.state.claims = { ...app.provider.state.claims, name: 'Alice Cooper' }
    app.advance(due)
    await browser.call('/api/remote/api/x')
    assert.equal((await browser.user())?.name, 'Alice Cooper')
  })

  test('T7: a refreshed ID token of somebody else ends the session, and no call bears it', async () => {
    const browser = await signedIn()
    app.provider.state.claims = { sub: 'mallory' }
    app.advance(expired)
    assert.equal((await browser.call('/api/remote/api/x')).status, 401)
    assert.equal(app.apiRequests.length, 0)
    assert.equal(await browser.user(), undefined)
  })

  test('T12: an upstream 401 costs one refresh and one retry; a second one is passed on', async () => {
    const browser = await signedIn({ api: (_, response) => response.writeHead(401).end('no') })
    app.advance(31_000)
    const answer = await browser.call('/api/remote/api/x')
    assert.equal(answer.status, 401)
    assert.equal(answer.body, 'no')
    assert.equal(app.apiRequests.length, 2)
    assert.equal(refreshes(), 1)
    const [one, two] = app.apiRequests.map(({ headers }) => headers.authorization)
    assert.notEqual(one, two)
  })

  test('T4: a sign-out during a refresh wins, and the new token is revoked', async () => {
    const browser = await signedIn()
    const logoutUrl = String((await browser.user())?.['bff:logout_url'])
    app.advance(expired)
    let arrived = () => {}
    const atProvider = new Promise<void>((resolve) => {
      arrived = resolve
    })
    let letGo = () => {}
    const gate = new Promise<void>((resolve) => {
      letGo = resolve
    })
    let obtained: unknown
    app.provider.once('token', async (_, usual) => {
      // Before the sign-out revokes the old one: afterwards there would be none to obtain.
      const answer = await usual()
      obtained = (answer.body as Record<string, unknown>).refresh_token
      arrived()
      await gate
      return answer
    })
    const call = browser.call('/api/remote/api/x')
    await atProvider
    assert.equal((await browser.send(`${app.origin}${logoutUrl}`)).status, 302)
    letGo()
    assert.equal((await call).status, 401)
    assert.equal(await browser.user(), undefined)
    assert.ok(app.provider.state.revoked.includes(String(obtained)))
    const active = [...app.provider.state.refreshTokens.values()].filter((it) => it.active)
    assert.deepEqual(active, [])
  })
})

describe('idle and absolute expiry', () => {
  test('S4: half an hour without a request ends the session; uses extend it', async () => {
    const browser = await signedIn()
    for (let i = 0; i < 3; i++) {
      app.advance(20 * 60_000)
      assert.ok(await browser.user())
      await new Promise(setImmediate)
    }
    app.advance(31 * 60_000)
    assert.equal(await browser.user(), undefined)
  })

  test('S4: calls to an API extend it as any use does', async () => {
    const browser = await signedIn()
    for (let i = 0; i < 3; i++) {
      app.advance(20 * 60_000)
      assert.equal((await browser.call('/api/remote/api/x')).status, 200)
      await new Promise(setImmediate)
    }
    assert.ok(await browser.user())
  })

  test('S4: slide=false does not extend', async () => {
    const browser = await signedIn()
    app.advance(20 * 60_000)
    assert.ok(await browser.user('?slide=false'))
    await new Promise(setImmediate)
    app.advance(11 * 60_000)
    assert.equal(await browser.user('?slide=false'), undefined)
  })

  test('S4: after eight hours even a busy session ends', async () => {
    const browser = await signedIn()
    for (let minutes = 0; minutes < 8 * 60 - 20; minutes += 20) {
      app.advance(20 * 60_000)
      assert.ok(await browser.user(), `after ${minutes} minutes`)
      await new Promise(setImmediate)
    }
    app.advance(20 * 60_000)
    assert.equal(await browser.user(), undefined)
  })
})
