import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { exportJWK, generateKeyPair, jwtVerify } from 'jose'
import { type App, type AppBrowser, type AppOptions, startApp } from './support/app.ts'
import type { RecordedRequest, ScriptedAnswer } from './support/scripted-provider.ts'

let app: App
afterEach(() => app.close())

const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
const ourKey = await exportJWK(privateKey)
const expired = 301_000
const empty: ScriptedAnswer = { status: 400, body: '' }
/** As dex and LemonLDAP::NG refuse a refresh token that they no longer know. */
const invalidRequest: ScriptedAnswer = { status: 400, body: { error: 'invalid_request' } }
const isRefresh = ({ params }: RecordedRequest) => params.get('grant_type') === 'refresh_token'
const codeOf = ({ body }: { body: string }) => JSON.parse(body).code

async function signedIn(options: AppOptions = {}): Promise<AppBrowser> {
  app = await startApp(options)
  const browser = app.browser()
  await browser.signInHere()
  app.advance(expired)
  return browser
}

/** The provider no longer takes our secret, and refuses as it refuses a dead refresh token. */
function forgetSecret(refusal = empty): void {
  app.provider.override('token', () => refusal)
  app.provider.override('revocation', () => refusal)
}

/** Sent with our secret, which the scripted provider takes by HTTP Basic. */
function isOurs({ headers }: RecordedRequest, secret: string): boolean {
  const text = Buffer.from((headers.authorization ?? '').slice('Basic '.length), 'base64')
  return text.toString().endsWith(`:${secret}`)
}

const looks = () =>
  app.provider.requests.filter(
    ({ name, params }) =>
      name === 'revocation' ||
      (params.get('grant_type') === 'authorization_code' && !params.has('state')),
  ).length

describe('T20: a refresh that is answered 400 without a reason', () => {
  for (const refusal of [empty, invalidRequest]) {
    const title = JSON.stringify(refusal.body)
    test(`T20: signs nobody out when our secret is wrong, and is 503: ${title}`, async () => {
      const browser = await signedIn()
      forgetSecret(refusal)
      for (let i = 0; i < 5; i++) {
        const answer = await browser.call('/api/remote/api/x')
        assert.deepEqual([answer.status, codeOf(answer)], [503, 'token_unavailable'])
        assert.equal((await browser.user())?.sub, 'alice')
        app.advance(61_000)
      }
      // The secret was put right, and everybody goes on.
      app.provider.override('token')
      assert.equal((await browser.call('/api/remote/api/x')).status, 200)
      const levels = app.log.events.map(({ event }) => event)
      assert.ok(levels.includes('token.refresh.unavailable'))
      assert.ok(!levels.includes('token.refresh.rejected'))
    })
  }

  test('T20: names our credentials where the provider does so when asked', async () => {
    const browser = await signedIn()
    app.provider.override('token', (request) =>
      isRefresh(request) ? empty : { status: 401, body: { error: 'invalid_client' } },
    )
    app.provider.override('revocation', () => ({ status: 401, body: '' }))
    assert.equal((await browser.call('/api/remote/api/x')).status, 503)
    assert.equal((await browser.user())?.sub, 'alice')
    assert.ok(app.log.events.some(({ event }) => event === 'token.refresh.misconfigured'))
  })

  const tellers: [string, AppOptions, () => void][] = [
    [
      'a made-up code is refused otherwise than with a wrong secret',
      { provider: { metadata: { revocation_endpoint: undefined } } },
      () => app.provider.override('token', (it, usual) => (isRefresh(it) ? empty : usual())),
    ],
    [
      'a made-up token is revoked, and not with a wrong secret',
      {},
      () => app.provider.override('token', () => empty),
    ],
    [
      'the refusal is invalid_request, and a wrong secret is refused otherwise',
      {},
      () =>
        app.provider.override('token', (it) =>
          isOurs(it, app.provider.clientSecret)
            ? invalidRequest
            : { status: 401, body: { error: 'invalid_client' } },
        ),
    ],
    [
      'a made-up code is refused otherwise than with a wrong key',
      { env: { OIDC_CLIENT_SECRET: '', OIDC_CLIENT_KEY: JSON.stringify(ourKey) } },
      () =>
        app.provider.override('token', async (it) => {
          const assertion = it.params.get('client_assertion') ?? ''
          const isOurs = await jwtVerify(assertion, publicKey).catch(() => undefined)
          return isOurs && !isRefresh(it)
            ? { status: 400, body: { error: 'invalid_grant' } }
            : empty
        }),
    ],
  ]
  for (const [title, options, script] of tellers) {
    test(`T20: ends the session when ${title}`, async () => {
      const browser = await signedIn(options)
      script()
      const answer = await browser.call('/api/remote/api/x')
      assert.deepEqual([answer.status, codeOf(answer)], [401, 'session_expired'])
      assert.equal(await browser.user(), undefined)
    })
  }

  test('T20: keeps it where good and wrong credentials are answered alike', async () => {
    const browser = await signedIn()
    for (const [token, revocation] of [
      [{ status: 400, body: { error: 'invalid_grant' } }, { status: 200 }],
      [{ status: 401, body: { error: 'invalid_grant' } }, { status: 400 }],
      [{ status: 401, body: '' }, { status: 404 }],
      [{ status: 503 }, { fault: 'reset' }],
    ] satisfies [ScriptedAnswer, ScriptedAnswer][]) {
      app.provider.override('token', (it) => (isRefresh(it) ? empty : token))
      app.provider.override('revocation', () => revocation)
      assert.equal((await browser.call('/api/remote/api/x')).status, 503)
      app.advance(61_000)
    }
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test('T20: ends the session once a token request has succeeded since', async () => {
    const browser = await signedIn()
    app.provider.override('revocation', () => empty)
    app.provider.override('token', () => empty)
    assert.equal((await browser.call('/api/remote/api/x')).status, 503)
    app.advance(5000)
    assert.equal((await browser.call('/api/remote/api/x')).status, 503)
    app.advance(5000)
    // Somebody else signs in: our secret is right, so it was the token.
    app.provider.override('token', (it, usual) => (isRefresh(it) ? empty : usual()))
    await app.browser().signInHere()
    assert.equal((await browser.call('/api/remote/api/x')).status, 401)
    assert.equal(await browser.user(), undefined)
  })

  const blocked: ScriptedAnswer = { status: 403, body: 'blocked' }
  const isFirstOf = (tries: number) => {
    let count = 0
    return () => ++count <= tries
  }
  const othersDoing: [string, (ours: boolean) => ScriptedAnswer][] = [
    ...[302, 403, 404, 405, 410, 429, 500, 503].map(
      (status): [string, (ours: boolean) => ScriptedAnswer] => [
        `wrong ones are answered ${status}`,
        (ours) => (ours ? empty : { status, body: '<html>' }),
      ],
    ),
    ['ours are answered 403', (ours) => (ours ? blocked : empty)],
    ['a page is shown instead', (ours) => (ours ? empty : { body: '<html>' })],
    ['ours are refused by name', (ours) => (ours ? { status: 401, body: '' } : empty)],
  ]
  for (const [title, answer] of othersDoing) {
    test(`T20: a difference that no token endpoint makes shows nothing: ${title}`, async () => {
      const browser = await signedIn()
      const script = (request: RecordedRequest) =>
        isRefresh(request) ? empty : answer(isOurs(request, app.provider.clientSecret))
      app.provider.override('token', script)
      app.provider.override('revocation', script)
      assert.equal((await browser.call('/api/remote/api/x')).status, 503)
      assert.equal((await browser.user())?.sub, 'alice')
    })
  }

  for (const after of [blocked, { status: 401, body: '' }] satisfies ScriptedAnswer[]) {
    for (const tries of [1, 2, 3]) {
      const title = `${after.status} after ${tries}`
      test(`T20: a difference that ours do not keep up shows nothing: ${title}`, async () => {
        const browser = await signedIn()
        const isOpen = { token: isFirstOf(tries), revocation: isFirstOf(tries) }
        app.provider.override('token', (it) => (isRefresh(it) || isOpen.token() ? empty : after))
        app.provider.override('revocation', () => (isOpen.revocation() ? empty : after))
        assert.equal((await browser.call('/api/remote/api/x')).status, 503)
        assert.equal((await browser.user())?.sub, 'alice')
      })
    }
  }

  test('T20: one stray page of an ingress ends no session of those that it was sent to', async () => {
    const browsers = [await signedIn(), app.browser(), app.browser()]
    for (const browser of browsers.slice(1)) await browser.signInHere()
    app.advance(expired)
    let strays = 0
    let letGo = () => {}
    // All at once: what is refused after the look has to wait for the next one.
    const together = new Promise<void>((resolve) => {
      letGo = resolve
    })
    app.provider.override('token', async (it, usual) => {
      if (!isRefresh(it) || ++strays > browsers.length) return usual()
      if (strays === browsers.length) letGo()
      await together
      return { status: 400, body: '<html>400 Bad Request</html>' }
    })
    const answers = await Promise.all(browsers.map((it) => it.call('/api/remote/api/x')))
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    )
    for (const browser of browsers) assert.equal((await browser.user())?.sub, 'alice')
  })

  test('T20: a refresh token that has worked since is judged anew', async () => {
    const browser = await signedIn()
    app.provider.state.rotate = false
    forgetSecret()
    assert.equal((await browser.call('/api/remote/api/x')).status, 503)
    app.advance(10_000)
    app.provider.override('token')
    app.provider.override('revocation')
    // Far enough from the first look for another one, and near enough to its trouble.
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
    app.advance(expired)
    forgetSecret()
    assert.equal((await browser.call('/api/remote/api/x')).status, 503)
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test('T20: a refusal of long ago is another trouble, whatever has succeeded since', async () => {
    const browser = await signedIn({ config: { session: { idle: '1d', absolute: '2d' } } })
    forgetSecret()
    assert.equal((await browser.call('/api/remote/api/x')).status, 503)
    app.provider.override('token')
    app.provider.override('revocation')
    app.advance(60_000)
    await app.browser().signInHere()
    app.advance(3600_000)
    forgetSecret()
    assert.equal((await browser.call('/api/remote/api/x')).status, 503)
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test('T20: a success of earlier proves nothing', async () => {
    const browser = await signedIn()
    await app.browser().signInHere()
    app.advance(1000)
    forgetSecret()
    assert.equal((await browser.call('/api/remote/api/x')).status, 503)
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test('T20: looks once a minute, whoever is refused', async () => {
    const browsers = [await signedIn(), app.browser(), app.browser()]
    for (const browser of browsers.slice(1)) await browser.signInHere()
    app.advance(expired)
    const before = looks()
    forgetSecret()
    for (let i = 0; i < 4; i++) {
      await Promise.all(browsers.map((browser) => browser.call('/api/remote/api/x')))
      app.advance(10_000)
    }
    // Twice our credentials, twice wrong ones.
    assert.equal(looks() - before, 4)
    app.advance(60_000)
    await Promise.all(browsers.map((browser) => browser.call('/api/remote/api/x')))
    assert.equal(looks() - before, 8)
  })
})
