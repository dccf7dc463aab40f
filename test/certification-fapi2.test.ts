import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { decodeJwt, exportJWK, generateKeyPair } from 'jose'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import type { SignOptions } from './support/scripted-keys.ts'

/**
 * The OpenID Foundation's tests of clients of the FAPI 2.0 Security Profile, under the names of that suite,
 * with `private_key_jwt`, DPoP, PAR and plain responses. Its modules for signed responses, grant management
 * and national profiles ask for what we do not do, the one for certificates for another client.
 */

let app: App
before(async () => {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const key = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: 'ours' }
  app = await startApp({
    env: { OIDC_CLIENT_SECRET: '', OIDC_CLIENT_KEY: JSON.stringify(key) },
    config: { oidc: { par: true, dpop: true, idTokenAlg: 'ES256' } },
    api: (request, response) => {
      // RFC 9110 section 11.1: names of schemes have no case.
      if (decodeJwt(String(request.headers.dpop)).nonce === 'of-the-api') return response.end('ok')
      response.setHeader('dpop-nonce', 'of-the-api')
      response.writeHead(401, { 'www-authenticate': 'dPoP error="use_dpop_nonce"' }).end()
    },
  })
})
after(() => app.close())
beforeEach(() => {
  const { provider } = app
  provider.state.dpopNonce = 'of-the-provider'
  provider.state.metadata = {}
  provider.requests.length = 0
  answerWith()
})

/** The token answers from now on: ID token claims, its signature, and members of the answer. */
function answerWith(
  claims: Record<string, unknown> = {},
  sign: SignOptions = {},
  members: Record<string, unknown> = {},
): void {
  app.provider.override('token', async (_, usual) => {
    const answer = await usual()
    const { id_token: usualToken, ...rest } = answer.body as { id_token?: string }
    if (usualToken === undefined) return answer
    const { nonce } = decodeJwt(usualToken)
    const signed = { alg: 'ES256', ...sign } as const
    const id_token = await app.provider.signIdToken({ nonce, ...claims }, signed)
    return { ...answer, body: { ...rest, id_token, ...members } }
  })
}

async function signIn(browser: AppBrowser, change: (answer: URLSearchParams) => void = () => {}) {
  const begun = await browser.send(`${app.origin}/bff/login?returnUrl=/home`)
  const callback = await app.provider.approve(begun.headers.get('location') ?? '')
  change(callback.searchParams)
  return browser.send(callback)
}

async function assertSignedIn(browser = app.browser()): Promise<void> {
  const answer = await signIn(browser)
  assert.equal(answer.headers.get('location'), '/home', answer.body)
  assert.equal((await browser.user())?.sub, 'alice')
  const api = await browser.call('/api/remote/api/x')
  assert.equal(api.body, 'ok')
  assert.match(app.apiRequests.at(-1)?.headers.authorization ?? '', /^DPoP access-/)
}

/** Also that nothing goes on: no second authorization request, no token request beyond `tokens`. */
async function assertRefused(tokens: number, change?: (answer: URLSearchParams) => void) {
  const browser = app.browser()
  const answer = await signIn(browser, change)
  assert.ok([400, 502].includes(answer.status), `${answer.status}`)
  assert.ok(!answer.headers.has('location'))
  assert.equal(await browser.user(), undefined)
  const asked = (name: string) => app.provider.requests.filter((it) => it.name === name)
  assert.equal(asked('authorize').length, 1)
  const nonces = asked('token').filter(({ headers }) =>
    String(decodeJwt(headers.dpop ?? '').nonce ?? '').startsWith('of-the'),
  )
  assert.equal(nonces.length, tokens)
}

const name = (module: string) => `fapi2-security-profile-final-client-test-${module}`
const hourAgo = () => Math.floor(Date.now() / 1000) - 3600

describe('fapi2-security-profile-final-client-test-plan', () => {
  test(name('happy-path'), () => assertSignedIn())

  test(name('happy-path-no-dpop-nonce'), () => {
    app.provider.state.dpopNonce = undefined
    return assertSignedIn()
  })

  test(name('rs-dpop-auth-scheme-case-insensitivity'), () => assertSignedIn())

  test(name('token-type-case-insensitivity'), () => {
    answerWith({}, {}, { token_type: 'dPOp' })
    return assertSignedIn()
  })

  test(name('token-endpoint-response-without-expires_in'), () => {
    answerWith({}, {}, { expires_in: undefined })
    return assertSignedIn()
  })

  test(name('valid-aud-as-array'), () => {
    answerWith({ aud: [app.provider.clientId] })
    return assertSignedIn()
  })

  test(name('discovery-issuer-mismatch'), async (t) => {
    const cold = await startApp({ provider: { metadata: { issuer: 'https://another.example' } } })
    t.after(() => cold.close())
    const answer = await cold.browser().send(`${cold.origin}/bff/login`)
    assert.equal(answer.status, 502)
    assert.equal(cold.provider.counters.authorize, 0)
  })

  const refused: [module: string, claims: Record<string, unknown>, sign?: SignOptions][] = [
    ['invalid-iss', { iss: 'https://another.example' }],
    ['invalid-aud', { aud: 'another' }],
    ['invalid-secondary-aud', { aud: ['cloakroom-test', 'another'] }],
    ['invalid-null-alg', {}, { alg: 'none' }],
    ['invalid-alternate-alg', {}, { alg: 'RS256' }],
    ['invalid-expired-exp', { exp: hourAgo() }],
    ['invalid-missing-exp', { exp: undefined }],
    ['invalid-missing-aud', { aud: undefined }],
    ['invalid-missing-iss', { iss: undefined }],
    ['invalid-nonce', { nonce: 'another' }],
    ['invalid-missing-nonce', { nonce: undefined }],
  ]
  for (const [module, claims, sign] of refused) {
    test(name(module), () => {
      answerWith(claims, sign)
      return assertRefused(1)
    })
  }

  const answers: [module: string, change: (answer: URLSearchParams) => void][] = [
    [
      'invalid-authorization-response-iss',
      (answer) => answer.set('iss', 'https://another.example'),
    ],
    ['remove-authorization-response-iss', (answer) => answer.delete('iss')],
    [
      'ensure-authorization-response-with-invalid-state-fails',
      (answer) => answer.set('state', `${answer.get('state')}1`),
    ],
    [
      'ensure-authorization-response-with-invalid-missing-state-fails',
      (answer) => answer.delete('state'),
    ],
  ]
  for (const [module, change] of answers) test(name(module), () => assertRefused(0, change))
})
