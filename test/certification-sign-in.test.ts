import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import type { Config } from '#lib/config/define-config.ts'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import type { Visit } from './support/http-browser.ts'
import { answerWithIdToken } from './support/provider-under-test.ts'
import type { SignOptions } from './support/scripted-keys.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'

/**
 * The OpenID Foundation's tests of relying parties, under the names of that suite, through the whole
 * product: what must be refused makes no session and says so, what must be accepted makes one.
 */

let provider: ScriptedProvider
before(async () => {
  provider = await startScriptedProvider()
})
after(() => provider.close())
beforeEach(() => {
  provider.state.metadata = {}
  provider.state.claims = { sub: 'alice', name: 'Alice' }
  provider.requests.length = 0
  for (const name of ['token', 'jwks', 'userinfo'] as const) provider.override(name)
})

type Mode = 'query' | 'form_post'

/** One application, cold, and one browser. */
async function withApp(
  mode: Mode,
  oidc: Config['oidc'],
  work: (app: App, browser: AppBrowser) => Promise<void>,
): Promise<void> {
  const app = await startApp({ provider, config: { oidc: { ...oidc, responseMode: mode } } })
  try {
    await work(app, app.browser())
  } finally {
    await app.close()
  }
}

/** Signs in as far as the callback, and answers its answer. */
async function signIn(app: App, browser: AppBrowser, mode: Mode): Promise<Visit> {
  const begun = await browser.send(`${app.origin}/bff/login?returnUrl=/home`)
  const location = begun.headers.get('location') ?? ''
  if (mode === 'query') return browser.send(await provider.approve(location))
  const page = await fetch(location).then((answer) => answer.text())
  const fields = [...page.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(
    ([, name = '', value = '']) => [name, value],
  )
  const body = new URLSearchParams(fields)
  return browser.send(`${app.origin}/bff/callback`, { method: 'POST', body })
}

async function assertSignedIn(app: App, browser: AppBrowser, mode: Mode): Promise<void> {
  const answer = await signIn(app, browser, mode)
  assert.equal(answer.status, 303, answer.body)
  assert.equal(answer.headers.get('location'), '/home')
  assert.equal((await browser.user())?.sub, 'alice')
}

async function assertRefused(app: App, browser: AppBrowser, mode: Mode): Promise<void> {
  const answer = await signIn(app, browser, mode)
  assert.ok([400, 502].includes(answer.status), `${answer.status}`)
  assert.match(answer.body, /did not succeed|cannot use/)
  assert.ok(!answer.headers.has('location'))
  assert.doesNotMatch(answer.headers.getSetCookie().join(), /^bff-\d+=[^;]/)
  assert.equal(await browser.user(), undefined)
  assert.deepEqual(await app.bff.sessions.list('alice'), [])
  const failures = app.log.events.filter(({ event }) => event === 'sign_in.failed')
  assert.equal(failures.length, 1)
}

/** The ID token of the next sign-in: its claims, and how it is signed. */
const refused: [name: string, claims: Record<string, unknown>, sign?: SignOptions][] = [
  ['nonce-invalid', { nonce: 'another' }],
  ['invalid-iss', { iss: 'https://another.example' }],
  ['missing-sub', { sub: undefined }],
  ['invalid-aud', { aud: 'another' }],
  ['missing-iat', { iat: undefined }],
  ['invalid-sig-rs256', {}, { key: 'foreign', kid: null }],
  ['idtoken-sig-none', {}, { alg: 'none' }],
]

for (const mode of ['query', 'form_post'] as const) {
  describe(`oidcc-client-basic-certification-test-plan, ${mode}`, () => {
    test('oidcc-client-test', () =>
      withApp(mode, {}, (app, browser) => assertSignedIn(app, browser, mode)))

    for (const [name, claims, sign] of refused) {
      test(`oidcc-client-test-${name}`, () =>
        withApp(mode, {}, async (app, browser) => {
          answerWithIdToken(provider, claims, sign)
          await assertRefused(app, browser, mode)
        }))
    }

    test('oidcc-client-test-idtoken-sig-rs256', () =>
      withApp(mode, {}, async (app, browser) => {
        answerWithIdToken(provider, {}, { alg: 'RS256' })
        await assertSignedIn(app, browser, mode)
      }))

    test('oidcc-client-test-kid-absent-single-jwks', () =>
      withApp(mode, {}, async (app, browser) => {
        provider.override('jwks', async (_, usual) => {
          const { keys } = (await usual()).body as { keys: JWK[] }
          return { body: { keys: keys.filter(({ alg }) => alg === 'RS256') } }
        })
        answerWithIdToken(provider, {}, { kid: null })
        await assertSignedIn(app, browser, mode)
      }))

    test('oidcc-client-test-kid-absent-multiple-jwks', () =>
      withApp(mode, {}, async (app, browser) => {
        const other = await exportJWK((await generateKeyPair('RS256')).publicKey)
        provider.override('jwks', async (_, usual) => {
          const { keys } = (await usual()).body as { keys: JWK[] }
          return { body: { keys: [other, ...keys] } }
        })
        answerWithIdToken(provider, {}, { kid: null })
        await assertSignedIn(app, browser, mode)
      }))

    test('oidcc-client-test-client-secret-basic', () =>
      withApp(mode, {}, async (app, browser) => {
        await assertSignedIn(app, browser, mode)
        const request = provider.requests.find(({ name }) => name === 'token')
        const credentials = `${provider.clientId}:${provider.clientSecret}`
        const basic = `Basic ${Buffer.from(credentials).toString('base64')}`
        assert.equal(request?.headers.authorization, basic)
        assert.ok(!request?.params.has('client_secret'))
      }))

    test('oidcc-client-test-scope-userinfo-claims', () =>
      withApp(mode, { userinfo: true }, async (app, browser) => {
        provider.state.claims = { sub: 'alice' }
        provider.once('userinfo', () => ({ body: { sub: 'alice', email: 'alice@info.example' } }))
        await assertSignedIn(app, browser, mode)
        assert.equal((await browser.user())?.email, 'alice@info.example')
        const request = provider.requests.find(({ name }) => name === 'userinfo')
        assert.match(request?.headers.authorization ?? '', /^Bearer access-/)
      }))

    test('oidcc-client-test-userinfo-invalid-sub', () =>
      withApp(mode, { userinfo: true }, async (app, browser) => {
        provider.once('userinfo', () => ({ body: { sub: 'mallory' } }))
        await assertRefused(app, browser, mode)
      }))
  })
}

describe('oidcc-client-config-certification-test-plan', () => {
  const withColdApp = (work: (app: App, browser: AppBrowser) => Promise<void>) =>
    withApp('query', {}, work)
  const asked = (name: string) => provider.requests.filter((request) => request.name === name)

  test('oidcc-client-test-discovery-openid-config', () =>
    withColdApp(async (app, browser) => {
      await assertSignedIn(app, browser, 'query')
      assert.equal(asked('discovery').length, 1)
    }))

  test('oidcc-client-test-discovery-jwks-uri-keys', () =>
    withColdApp(async (app, browser) => {
      await assertSignedIn(app, browser, 'query')
      assert.equal(asked('jwks').length, 1)
    }))

  test('oidcc-client-test-discovery-issuer-mismatch', () =>
    withColdApp(async (app, browser) => {
      provider.state.metadata = { issuer: 'https://another.example' }
      const answer = await browser.send(`${app.origin}/bff/login`)
      assert.equal(answer.status, 502)
      assert.match(answer.body, /cannot use/)
      assert.ok(!answer.headers.has('location'))
      assert.equal(asked('authorize').length, 0)
    }))

  test('oidcc-client-test-idtoken-sig-none', () =>
    withColdApp(async (app, browser) => {
      provider.state.metadata = { id_token_signing_alg_values_supported: ['none'] }
      answerWithIdToken(provider, {}, { alg: 'none' })
      await assertRefused(app, browser, 'query')
    }))

  test('oidcc-client-test-signing-key-rotation', () =>
    withColdApp(async (app, browser) => {
      await assertSignedIn(app, browser, 'query')
      await provider.rotateKeys()
      await assertSignedIn(app, app.browser(), 'query')
      assert.equal(asked('jwks').length, 2)
    }))

  test('oidcc-client-test-signing-key-rotation-just-before-signing', () =>
    withColdApp(async (app, browser) => {
      await assertSignedIn(app, browser, 'query')
      provider.once('token', async (_, usual) => {
        await provider.rotateKeys()
        return usual()
      })
      await assertSignedIn(app, app.browser(), 'query')
    }))
})
