import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import { answerJson, startUpstream, type Upstream } from './support/remote-fixture.ts'
import type { ScriptedAnswer } from './support/scripted-provider.ts'

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'
/** Later than the five minutes that the scripted provider's access tokens live. */
const expired = 301_000
const members = [
  ...['token_type', 'expires_in', 'refresh_token', 'id_token', 'scope', 'issued_token_type'],
  'something_else',
]
/** `undefined` leaves the member out. */
const values = [null, '', 0, -5, [], {}, true, false, 'no number', ['openid', 'email'], undefined]

type Answer = { [member: string]: unknown }

let app: App
let api: Upstream
/** The API says 401 to this token, which then has to be replaced whether it has an expiry or not. */
let refused: string | undefined
before(async () => {
  api = await startUpstream(({ headers }, response) => {
    if (headers.authorization === `Bearer ${refused}`) response.writeHead(401).end()
    else answerJson(response)
  })
  app = await startApp({
    config: {
      session: { idle: '1d', absolute: '30d' },
      remotes: {
        api: { target: api.origin },
        exchanged: { target: api.origin, exchange: { audience: 'x' } },
      },
      clients: { catalog: { scope: 'catalog' } },
    },
  })
})
after(async () => {
  await app.close()
  await api.close()
})
afterEach(() => app.provider.override('token'))

/** Answers to this grant have the member like this; the others are honest. */
function answerWith(grant: string, change: (body: Answer) => Answer): void {
  app.provider.override('token', async ({ params }, usual) => {
    const answer = await usual()
    if (params.get('grant_type') !== grant || !isObject(answer.body)) return answer
    return { ...answer, body: change(answer.body) }
  })
}

const isObject = (body: ScriptedAnswer['body']): body is Answer => typeof body === 'object'
const last = (grant: string) => app.provider.tokenRequests(grant).at(-1)

function cookieOf(browser: AppBrowser): string {
  return [...(browser.jar.get('localhost') ?? [])].map((it) => it.join('=')).join('; ')
}

async function signedIn(): Promise<AppBrowser> {
  const browser = app.browser()
  await browser.signInHere()
  return browser
}

async function tokenOf(browser: AppBrowser): Promise<string> {
  const result = await app.bff.userToken({ headers: new Headers({ cookie: cookieOf(browser) }) })
  assert.ok(result.kind === 'bearer', JSON.stringify(result))
  return result.token
}

async function refresh(browser: AppBrowser): Promise<string> {
  app.advance(expired)
  return tokenOf(browser)
}

/** The refresh token that is used next is the newest that the provider gave out. */
async function goesOn(browser: AppBrowser, label: string): Promise<void> {
  app.provider.override('token')
  const newest = [...app.provider.state.refreshTokens.keys()].at(-1)
  refused = await tokenOf(browser)
  app.advance(expired)
  assert.equal((await browser.call('/api/remote/api/x')).status, 200, label)
  assert.notEqual(await tokenOf(browser), refused, label)
  assert.equal(last('refresh_token')?.get('refresh_token'), newest, label)
  assert.ok(await browser.user(), label)
}

describe('T21: an odd member of a token answer costs itself and nothing else', () => {
  const table = members.flatMap((member) =>
    values
      // Text is no odd type: it names a kind of token that nobody asked for (below).
      .filter((value) => member !== 'token_type' || value !== 'no number')
      .map((value) => ({ member, value, label: `${member}: ${JSON.stringify(value)}` })),
  )
  const isRotated = (member: string) => member !== 'refresh_token'

  test('T21: at a sign-in, and the next refresh works', async () => {
    for (const { member, value, label } of table) {
      // Without them there is nobody to sign in, and nothing to refresh with.
      if (member === 'id_token' || member === 'refresh_token') continue
      answerWith('authorization_code', (body) => ({ ...body, [member]: value }))
      const browser = await signedIn()
      assert.ok(await browser.user(), label)
      await goesOn(browser, label)
    }
  })

  test('T21: at a sign-in, a refresh token that is none', async () => {
    for (const value of values) {
      if (value === 'no number') continue
      answerWith('authorization_code', (body) => ({ ...body, refresh_token: value }))
      const browser = await signedIn()
      assert.ok(await browser.user(), JSON.stringify(value))
      assert.ok(await tokenOf(browser))
    }
  })

  test('T21, T22: at a refresh, and the next one has the token that the provider rotated', async () => {
    const browser = await signedIn()
    for (const { member, value, label } of table) {
      if (!isRotated(member) && value === 'no number') continue
      if (!isRotated(member)) app.provider.state.rotate = false
      answerWith('refresh_token', (body) => ({ ...body, [member]: value }))
      await refresh(browser)
      app.provider.state.rotate = true
      await goesOn(browser, label)
    }
  })

  test('T21: at a machine token and at an exchange', async () => {
    const browser = await signedIn()
    for (const { member, value, label } of table) {
      answerWith('client_credentials', (body) => ({ ...body, [member]: value }))
      await app.bff.forgetClientToken('catalog')
      assert.equal((await app.bff.clientToken('catalog')).kind, 'bearer', label)
      answerWith(exchangeGrant, (body) => ({ ...body, [member]: value }))
      app.advance(expired)
      const { status } = await browser.call('/api/remote/exchanged/x')
      assert.equal(status, 200, label)
    }
  })

  for (const dpop of [true, false]) {
    const asked = dpop ? 'DPoP' : 'Bearer'
    test(`T21: a token that is not ${asked} is used for no call, and its refresh token is saved`, async (t) => {
      const other = await startApp({ config: { oidc: { dpop } } })
      t.after(() => other.close())
      const browser = other.browser()
      await browser.signInHere()
      const types = dpop ? ['Bearer', 'mac', null, undefined] : ['DPoP', 'mac', 'N_A']
      for (const token_type of types) {
        other.provider.once('token', async (_, usual) => {
          const answer = await usual()
          return { ...answer, body: { ...(answer.body as Answer), token_type } }
        })
        other.advance(expired)
        const calls = other.apiRequests.length
        assert.equal((await browser.call('/api/remote/api/x')).status, 503)
        assert.equal(other.apiRequests.length, calls)
        const newest = [...other.provider.state.refreshTokens.keys()].at(-1)
        other.advance(3001)
        assert.equal((await browser.call('/api/remote/api/x')).status, 200)
        assert.match(
          other.apiRequests.at(-1)?.headers.authorization ?? '',
          new RegExp(`^${asked} `),
        )
        const sent = other.provider.tokenRequests('refresh_token').at(-1)
        assert.equal(sent?.get('refresh_token'), newest)
      }
    })
  }

  test('T21: a token that fits no header is used for no call, and its refresh token is saved', async () => {
    const unfit = ['a\r\nx-admin: 1', 'a\nb', 'a\0b', 'a\x7fb', '\u{1f39f}', 'a\u0100']
    const browser = await signedIn()
    const call = async (remote: string) => (await browser.call(`/api/remote/${remote}/x`)).status
    for (const access_token of unfit) {
      const label = JSON.stringify(access_token)
      app.advance(expired)
      answerWith('refresh_token', (body) => ({ ...body, access_token }))
      assert.equal(await call('api'), 503, label)
      const newest = [...app.provider.state.refreshTokens.keys()].at(-1)
      app.advance(3001)
      answerWith(exchangeGrant, (body) => ({ ...body, access_token }))
      assert.equal(await call('exchanged'), 503, label)
      assert.equal(last('refresh_token')?.get('refresh_token'), newest, label)
      assert.equal(await call('api'), 200, label)
      answerWith('client_credentials', (body) => ({ ...body, access_token }))
      await app.bff.forgetClientToken('catalog')
      assert.equal((await app.bff.clientToken('catalog')).kind, 'failed', label)
      answerWith('authorization_code', (body) => ({ ...body, access_token }))
      const nobody = app.browser()
      await nobody.signInHere()
      assert.equal(await nobody.user(), undefined, label)
    }
  })

  test('T21: an error in a 2xx without a token is that error', async () => {
    for (const access_token of [undefined, null, '', 0]) {
      app.provider.override('token')
      const browser = await signedIn()
      for (const error of ['invalid_client', 'invalid_scope']) {
        app.provider.override('token', () => ({ body: { error, access_token } }))
        app.advance(expired)
        await app.bff.forgetClientToken('catalog')
        const machine = await app.bff.clientToken('catalog')
        assert.ok(machine.kind === 'failed' && machine.code === 'provider_misconfigured')
        assert.equal(machine.reason?.status, 200)
        assert.equal((await browser.call('/api/remote/api/x')).status, 503)
        app.advance(3001)
      }
      app.provider.override('token', () => ({ body: { error: 'invalid_grant', access_token } }))
      assert.equal((await browser.call('/api/remote/api/x')).status, 401)
      assert.equal(await browser.user(), undefined)
    }
  })
})
