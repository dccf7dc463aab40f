import assert from 'node:assert/strict'
import { after, afterEach, describe, test } from 'node:test'
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose'
import { dpopThumbprint, generateDpopKey } from '#lib/oidc/dpop-key.ts'
import { ProviderError } from '#lib/oidc/provider-error.ts'
import { providerUnderTest } from './support/provider-under-test.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'

const peer = await startScriptedProvider()
after(() => peer.close())
afterEach(() => {
  Object.assign(peer.state, { metadata: {}, dpopNonce: undefined })
  peer.override('par')
})
const pushedLast = () => peer.requests.filter(({ name }) => name === 'par').at(-1)

describe('the authorization request', () => {
  test('L1: carries code, PKCE S256, state and nonce, and what the sign-in asks for', async () => {
    const { start } = providerUnderTest(peer, {
      oidc: { params: { audience: 'the-api', prompt: 'consent' } },
      resources: ['urn:a', 'urn:b'],
    })
    const { url, expected } = await start({
      loginHint: 'alice',
      acrValues: 'gold',
      uiLocales: 'fr',
    })
    const { code_challenge, ...parameters } = Object.fromEntries(url.searchParams)
    assert.match(code_challenge ?? '', /^[\w-]{43}$/)
    assert.deepEqual(parameters, {
      audience: 'the-api',
      prompt: 'consent',
      client_id: peer.clientId,
      response_type: 'code',
      redirect_uri: 'http://localhost:3000/bff/callback',
      scope: 'openid profile offline_access',
      state: expected.state,
      nonce: expected.nonce,
      code_challenge_method: 'S256',
      login_hint: 'alice',
      acr_values: 'gold',
      ui_locales: 'fr',
      resource: 'urn:b',
    })
    assert.deepEqual(url.searchParams.getAll('resource'), ['urn:a', 'urn:b'])
  })

  test('extra parameters cannot replace what protects the sign-in', async () => {
    const params = {
      state: 'x',
      nonce: 'x',
      redirect_uri: 'x',
      response_type: 'token',
      client_id: 'x',
    }
    const { url, expected } = await providerUnderTest(peer, { oidc: { params } }).start()
    assert.equal(url.searchParams.get('state'), expected.state)
    assert.equal(url.searchParams.get('nonce'), expected.nonce)
    assert.equal(url.searchParams.get('response_type'), 'code')
    assert.equal(url.searchParams.get('client_id'), peer.clientId)
    assert.equal(url.searchParams.get('redirect_uri'), 'http://localhost:3000/bff/callback')
  })

  test('the prompt of a sign-in wins over the configured one', async () => {
    const { start } = providerUnderTest(peer, { oidc: { params: { prompt: 'consent' } } })
    assert.deepEqual((await start({ prompt: 'none' })).url.searchParams.getAll('prompt'), ['none'])
  })
})

describe('pushed authorization requests (RFC 9126)', () => {
  for (const how of ['configured', 'required by the provider']) {
    test(`L12: when ${how}, /authorize carries client_id and request_uri only`, async () => {
      const required = how !== 'configured'
      peer.state.metadata = { require_pushed_authorization_requests: required }
      const { start, signIn } = providerUnderTest(peer, { oidc: { par: !required } })
      const { url, expected } = await start({ loginHint: 'alice' })
      assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri'])
      assert.equal(pushedLast()?.params.get('state'), expected.state)
      assert.equal(pushedLast()?.params.get('login_hint'), 'alice')
      assert.equal((await signIn()).kind, 'signed-in')
    })
  }

  test('T10: a nonce challenge is answered once, with a new jti and a new client assertion', async () => {
    peer.state.dpopNonce = 'asked'
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const key = { ...(await exportJWK(privateKey)), kid: 'mine' } as JsonWebKey & { kid: string }
    const { start } = providerUnderTest(peer, {
      oidc: { par: true, auth: { method: 'private_key_jwt', key } },
    })
    const dpopKey = await generateDpopKey()
    const before = peer.requests.length
    await start({ dpopKey, dpopJkt: await dpopThumbprint(dpopKey) })
    const pushed = peer.requests.slice(before).filter(({ name }) => name === 'par')
    assert.equal(pushed.length, 2)
    const ids = pushed.flatMap(({ headers, params }) => [
      decodeJwt(headers.dpop ?? '').jti,
      decodeJwt(params.get('client_assertion') ?? '').jti,
    ])
    assert.equal(new Set(ids).size, 4)
    assert.equal(decodeJwt(pushed[1]?.headers.dpop ?? '').nonce, 'asked')
  })

  test('a refused request, a refused client and an absent provider are told apart', async () => {
    const { start } = providerUnderTest(peer, { oidc: { par: true } })
    const cases = [
      [{ status: 400, body: { error: 'invalid_scope' } }, 'sign_in_failed', 'invalid_scope'],
      [
        { status: 401, body: { error: 'invalid_client' } },
        'provider_misconfigured',
        'invalid_client',
      ],
      [{ status: 503 }, 'provider_unavailable', undefined],
      [{ status: 201, body: {} }, 'bad_provider_answer', undefined],
    ] as const
    for (const [answer, code, error] of cases) {
      peer.once('par', () => answer)
      await assert.rejects(start(), (thrown) => {
        assert.ok(thrown instanceof ProviderError)
        assert.deepEqual([thrown.code, thrown.error], [code, error])
        return true
      })
    }
  })

  test('configured, but the provider has no such endpoint: our misconfiguration', async () => {
    peer.state.metadata = { pushed_authorization_request_endpoint: undefined }
    const { start } = providerUnderTest(peer, { oidc: { par: true } })
    await assert.rejects(start(), { code: 'provider_misconfigured' })
  })
})

describe('client authentication', () => {
  const tokenRequest = () => peer.requests.filter(({ name }) => name === 'token').at(-1)

  test('client_secret_basic form-encodes, and leaves alone what needs no encoding', async () => {
    peer.once('token', () => ({ status: 400 }))
    const auth = { method: 'client_secret_basic', secret: 'a b:c+d%é-_.' } as const
    await providerUnderTest(peer, { oidc: { auth } }).signIn()
    const [, credentials = ''] = tokenRequest()?.headers.authorization?.split(' ') ?? []
    const decoded = Buffer.from(credentials, 'base64').toString()
    assert.equal(decoded, `${peer.clientId}:a+b%3Ac%2Bd%25%C3%A9-_.`)
    assert.equal(tokenRequest()?.params.has('client_secret'), false)
  })

  test('O5: client_secret_post sends the secret as it is', async () => {
    const auth = { method: 'client_secret_post', secret: peer.clientSecret } as const
    assert.equal((await providerUnderTest(peer, { oidc: { auth } }).signIn()).kind, 'signed-in')
    assert.equal(tokenRequest()?.headers.authorization, undefined)
    const odd = { method: 'client_secret_post', secret: 'a b:c+d%ü🎟-_.' } as const
    await providerUnderTest(peer, { oidc: { auth: odd } }).signIn()
    assert.equal(tokenRequest()?.params.get('client_secret'), odd.secret)
  })

  const keys = [
    ['ES256', 'ES256', {}],
    ['RS256', 'RS256', {}],
    ['PS256', 'PS256', { alg: 'PS256' }],
    ['EdDSA', 'EdDSA', {}],
  ] as const
  for (const [title, alg, members] of keys) {
    test(`T11: a client assertion with ${title}: aud is the issuer, a new jti at each try`, async () => {
      const { privateKey } = await generateKeyPair(alg, { extractable: true })
      const key = { ...(await exportJWK(privateKey)), ...members, kid: 'mine' } as JsonWebKey & {
        kid: string
      }
      const { signIn } = providerUnderTest(peer, {
        oidc: { auth: { method: 'private_key_jwt', key } },
      })
      const seen = new Set<unknown>()
      for (let round = 0; round < 2; round++) {
        assert.equal((await signIn()).kind, 'signed-in')
        const assertion = tokenRequest()?.params.get('client_assertion') ?? ''
        const { aud, iss, sub, jti } = decodeJwt(assertion)
        assert.deepEqual([aud, iss, sub], [peer.issuer, peer.clientId, peer.clientId])
        assert.deepEqual(
          { ...decodeProtectedHeader(assertion), typ: undefined },
          { alg, kid: 'mine', typ: undefined },
        )
        seen.add(jti)
      }
      assert.equal(seen.size, 2)
    })
  }

  test('T11: the audience of assertions can be the token endpoint, for older servers', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const key = (await exportJWK(privateKey)) as JsonWebKey
    const assertionAudience = `${peer.issuer}/token`
    const auth = { method: 'private_key_jwt', key } as const
    await providerUnderTest(peer, { oidc: { auth, assertionAudience } }).signIn()
    const assertion = tokenRequest()?.params.get('client_assertion') ?? ''
    assert.equal(decodeJwt(assertion).aud, assertionAudience)
  })
})
