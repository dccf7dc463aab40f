import assert from 'node:assert/strict'
import { after, afterEach, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { createTokenParameters } from '#lib/config/token-parameters.ts'
import { dpopThumbprint, generateDpopKey } from '#lib/oidc/dpop-key.ts'
import type { SignInResult } from '#lib/oidc/redeem-code.ts'
import { providerUnderTest } from './support/provider-under-test.ts'
import {
  type EndpointName,
  type ScriptedAnswer,
  startScriptedProvider,
} from './support/scripted-provider.ts'

const peer = await startScriptedProvider()
const honest = { ...peer.state }
after(() => peer.close())
afterEach(() => {
  Object.assign(peer.state, honest, { metadata: {} })
  for (const name of ['token', 'jwks', 'userinfo', 'discovery', 'par'] as const) peer.override(name)
})
function codeOf(result: SignInResult) {
  return result.kind === 'failed' ? result.code : result.kind
}

function requestsOf(name: EndpointName) {
  return peer.requests.filter((request) => request.name === name)
}

test('signs in, with PKCE and with everything that the session needs', async () => {
  const { signIn, provider } = providerUnderTest(peer)
  const result = await signIn()
  assert.equal(result.kind, 'signed-in')
  assert.ok(result.kind === 'signed-in')
  assert.equal(result.sub, 'alice')
  assert.equal(result.sid, peer.state.sid)
  assert.equal(result.offered.claims.name, 'Alice Größer 漢 🎟')
  assert.equal(result.accessToken.type, 'bearer')
  assert.equal(result.accessToken.expiresInSeconds, 300)
  assert.match(result.refreshToken ?? '', /^refresh-/)
  assert.equal(typeof result.authTime, 'number')
  assert.equal((await provider.metadata()).issuer, peer.issuer)
})

describe('the authorization response (RFC 6749 section 4.1.2, RFC 9207)', () => {
  const setIss = (url: URL, iss: string) => url.searchParams.set('iss', iss)
  const refusals: [string, (callback: URL) => void][] = [
    ['L3: another iss', (url) => setIss(url, 'https://evil.example')],
    ['L3: iss with a slash more', (url) => setIss(url, `${peer.issuer}/`)],
    ['L3: an iss of the same length', (url) => setIss(url, peer.issuer.replace(/.$/, 'x'))],
    ['L3: no iss although it is advertised', (url) => url.searchParams.delete('iss')],
    ['L4: the code twice', (url) => url.searchParams.append('code', 'another')],
    ['L4: the state twice', (url) => url.searchParams.append('state', 'another')],
    ['another state', (url) => url.searchParams.set('state', 'another')],
    ['no code', (url) => url.searchParams.delete('code')],
  ]
  for (const [title, change] of refusals) {
    test(`${title} is refused before the token endpoint is called`, async () => {
      const before = peer.counters.token
      assert.equal(codeOf(await providerUnderTest(peer).signIn({ change })), 'sign_in_failed')
      assert.equal(peer.counters.token, before)
    })
  }

  test('L3: iss is checked on error answers as well', async () => {
    const { signIn } = providerUnderTest(peer)
    const change = (url: URL) => {
      url.search = `?error=access_denied&state=${url.searchParams.get('state')}`
    }
    const result = await signIn({ change })
    assert.ok(result.kind === 'failed')
    assert.deepEqual([result.code, result.error], ['sign_in_failed', undefined])
  })

  test('L4: an error arrives as a code without anything that could be injected', async () => {
    const { signIn } = providerUnderTest(peer)
    const change = (url: URL) => {
      url.searchParams.delete('code')
      url.searchParams.set('error', 'login_required\r\nSet-Cookie: x=<script>')
    }
    const result = await signIn({ change })
    assert.ok(result.kind === 'failed')
    assert.equal(result.error, 'withheld')
  })

  test('a cancelled sign-in is told apart from a failed one', async () => {
    const { signIn } = providerUnderTest(peer)
    const withError = (error: string) => ({
      change: (url: URL) => {
        url.searchParams.delete('code')
        url.searchParams.set('error', error)
      },
    })
    assert.equal(codeOf(await signIn(withError('access_denied'))), 'sign_in_cancelled')
    assert.equal(codeOf(await signIn(withError('temporarily_unavailable'))), 'provider_unavailable')
    assert.equal(codeOf(await signIn(withError('invalid_scope'))), 'sign_in_failed')
  })

  test('L4: parameters that nobody knows are ignored, even twice', async () => {
    const { signIn } = providerUnderTest(peer)
    const change = (url: URL) => {
      url.searchParams.append('foo', '1')
      url.searchParams.append('foo', '2')
    }
    assert.equal(codeOf(await signIn({ change })), 'signed-in')
  })

  test('a provider that does not advertise iss may leave it out', async () => {
    peer.state.metadata = { authorization_response_iss_parameter_supported: undefined }
    const { signIn } = providerUnderTest(peer)
    assert.equal(
      codeOf(await signIn({ change: (url) => url.searchParams.delete('iss') })),
      'signed-in',
    )
  })

  test('form_post answers are taken from the form', async () => {
    const { provider, start } = providerUnderTest(peer, { oidc: { responseMode: 'form_post' } })
    const { url, expected } = await start()
    assert.equal(url.searchParams.get('response_mode'), 'form_post')
    url.searchParams.delete('response_mode')
    const form = (await peer.approve(url)).searchParams
    assert.equal(codeOf(await provider.redeemCode({ form }, expected)), 'signed-in')
  })

  test('L3: a sign-in that was started with another issuer or client is refused', async () => {
    const { signIn } = providerUnderTest(peer)
    const before = peer.counters.token
    for (const expected of [{ issuer: 'https://old.example' }, { clientId: 'old' }]) {
      assert.equal(codeOf(await signIn({ expected })), 'sign_in_failed')
    }
    assert.equal(peer.counters.token, before)
  })
})
describe('UserInfo (OpenID Connect Core section 5.3)', () => {
  const oidc = { userinfo: true }

  test('L7: its claims join those of the ID token, which win', async () => {
    peer.override('userinfo', () => ({ body: { sub: 'alice', name: 'Other', phone_number: '1' } }))
    const result = await providerUnderTest(peer, { oidc }).signIn()
    assert.ok(result.kind === 'signed-in')
    assert.deepEqual(
      [result.offered.claims.name, result.offered.claims.phone_number],
      ['Alice Größer 漢 🎟', '1'],
    )
    assert.match(requestsOf('userinfo').at(-1)?.headers.authorization ?? '', /^Bearer access-/)
  })

  test('L7: another sub, none, an error and nonsense are no sign-in', async () => {
    const answers: [ScriptedAnswer, string][] = [
      [{ body: { sub: 'mallory' } }, 'bad_provider_answer'],
      [{ body: {} }, 'bad_provider_answer'],
      [{ body: 'nonsense' }, 'bad_provider_answer'],
      [{ status: 401, headers: { 'www-authenticate': 'Bearer' } }, 'bad_provider_answer'],
      [{ status: 503 }, 'provider_unavailable'],
    ]
    const { signIn } = providerUnderTest(peer, { oidc })
    for (const [answer, code] of answers) {
      peer.once('userinfo', () => answer)
      assert.equal(codeOf(await signIn()), code)
    }
  })
})

describe('DPoP at sign-in (RFC 9449)', () => {
  test('T10: the code is bound, a nonce challenge is answered once, and nonces are remembered', async () => {
    peer.state.dpopNonce = 'first'
    const { signIn, start } = providerUnderTest(peer)
    const dpopKey = await generateDpopKey()
    const dpopJkt = await dpopThumbprint(dpopKey)
    assert.equal((await start({ dpopJkt })).url.searchParams.get('dpop_jkt'), dpopJkt)

    const before = peer.counters.token
    const result = await signIn({ expected: { dpopKey } })
    assert.ok(result.kind === 'signed-in')
    assert.equal(result.accessToken.type, 'dpop')
    assert.equal(peer.counters.token - before, 2)
    await signIn({ expected: { dpopKey: await generateDpopKey() } })
    assert.equal(peer.counters.token - before, 3)
  })

  test('T10: a provider that answers Bearer to a proof is refused', async () => {
    peer.once('token', async (_, usual) => {
      const answer = await usual()
      return { ...answer, body: { ...(answer.body as object), token_type: 'Bearer' } }
    })
    const dpopKey = await generateDpopKey()
    const { signIn } = providerUnderTest(peer)
    assert.equal(codeOf(await signIn({ expected: { dpopKey } })), 'bad_provider_answer')
  })
})

describe('what the token endpoint may answer', () => {
  const answers: [string, ScriptedAnswer, string][] = [
    ['invalid_grant', { status: 400, body: { error: 'invalid_grant' } }, 'sign_in_failed'],
    ['400 without a body', { status: 400 }, 'sign_in_failed'],
    [
      'invalid_client',
      { status: 401, body: { error: 'invalid_client' } },
      'provider_misconfigured',
    ],
    [
      '401 with a challenge',
      { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } },
      'provider_misconfigured',
    ],
    ['429', { status: 429 }, 'provider_unavailable'],
    ['503 with HTML', { status: 503, body: '<h1>down</h1>' }, 'provider_unavailable'],
    ['a broken connection', { fault: 'reset' }, 'provider_unavailable'],
    [
      'half an answer',
      { body: { access_token: 'x'.repeat(100) }, fault: 'cut' },
      'provider_unavailable',
    ],
    ['200 with HTML', { body: '<h1>hello</h1>' }, 'bad_provider_answer'],
    ['200 with an array', { body: [] }, 'bad_provider_answer'],
    ['200 with more than a megabyte', { body: { x: 'x'.repeat(2 << 20) } }, 'bad_provider_answer'],
    ['a redirect', { status: 302, headers: { location: '/token' } }, 'bad_provider_answer'],
  ]
  for (const [title, answer, code] of answers) {
    test(`L13: ${title} means ${code}, and the next sign-in works`, async () => {
      const { signIn } = providerUnderTest(peer)
      peer.once('token', () => answer)
      const result = await signIn()
      assert.ok(result.kind === 'failed')
      assert.equal(result.code, code)
      assert.equal(codeOf(await signIn()), 'signed-in')
    })
  }

  test('A3: the cause of a failure holds no part of the answer', async () => {
    const { signIn } = providerUnderTest(peer)
    for (const body of [{ access_token: 'marked-token', token_type: 7 }, '{ "marked-token']) {
      peer.once('token', () => ({ body }))
      const result = await signIn()
      assert.ok(result.kind === 'failed' && result.cause instanceof Error)
      assert.doesNotMatch(inspect(result.cause, { depth: 9, showHidden: true }), /marked-token/)
    }
  })

  test('the tokenRequest hook adds parameters', async () => {
    const parameters = createTokenParameters({ tokenRequest: () => ({ tenant: 'one' }) })
    const { signIn } = providerUnderTest(peer, { parameters })
    assert.equal(codeOf(await signIn()), 'signed-in')
    assert.equal(peer.tokenRequests().at(-1)?.get('tenant'), 'one')
  })
})
