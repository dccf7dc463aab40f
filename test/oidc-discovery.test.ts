import assert from 'node:assert/strict'
import { after, afterEach, describe, test } from 'node:test'
import { decodeJwt, exportJWK, generateKeyPair, type JWK } from 'jose'
import { ProviderError } from '#lib/oidc/provider-error.ts'
import { providerUnderTest } from './support/provider-under-test.ts'
import { type ScriptedAnswer, startScriptedProvider } from './support/scripted-provider.ts'

const peer = await startScriptedProvider()
after(() => peer.close())
afterEach(() => {
  peer.state.metadata = {}
  for (const name of ['token', 'jwks', 'discovery'] as const) peer.override(name)
})

/** How many requests of a kind `work` causes. */
async function counting<T>(name: 'discovery' | 'jwks' | 'token', work: () => Promise<T>) {
  const before = peer.counters[name]
  const result = await work()
  return { result, count: peer.counters[name] - before }
}

async function codeOf(work: Promise<unknown>) {
  const error = await work.then(
    () => assert.fail('this should be refused'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof ProviderError)
  return error.code
}

describe('a cold start', () => {
  test('L14: twenty sign-ins at once make one discovery and one JWKS request', async () => {
    const { signIn } = providerUnderTest(peer)
    const { count, result } = await counting('discovery', () =>
      counting('jwks', () => Promise.all(Array.from({ length: 20 }, () => signIn()))),
    )
    assert.ok(result.result.every(({ kind }) => kind === 'signed-in'))
    assert.deepEqual([count, result.count], [1, 1])
  })

  test('nothing is asked of the provider before the first use', async () => {
    const { count } = await counting('discovery', async () => providerUnderTest(peer))
    assert.equal(count, 0)
  })
})

describe('discovery (OpenID Connect Discovery 1.0 section 4)', () => {
  for (const issuer of ['https://evil.example', `${peer.issuer}/`, peer.issuer.toUpperCase()]) {
    test(`L6: the issuer ${issuer.replace(/\d{4,}/, 'PORT')} is not the configured one`, async () => {
      peer.state.metadata = { issuer }
      const { start, log } = providerUnderTest(peer)
      assert.equal(await codeOf(start()), 'bad_provider_answer')
      const told = log.events.find(({ event }) => event === 'sign_in.impossible')?.fields
      assert.match(
        JSON.stringify(told),
        /\/\.well-known\/openid-configuration names the issuer \S+, which is another/,
      )
    })
  }

  const answers: [string, ScriptedAnswer, string][] = [
    ['503', { status: 503 }, 'provider_unavailable'],
    ['a broken connection', { fault: 'reset' }, 'provider_unavailable'],
    ['half a document', { body: { issuer: peer.issuer }, fault: 'cut' }, 'provider_unavailable'],
    ['HTML', { body: '<h1>hello</h1>' }, 'bad_provider_answer'],
    ['404', { status: 404 }, 'bad_provider_answer'],
    ['a redirect', { status: 302, headers: { location: '/' } }, 'bad_provider_answer'],
    ['no endpoints', { body: { issuer: peer.issuer } }, 'bad_provider_answer'],
  ]
  for (const [title, locations, isGood] of [
    ['one redirect on the same origin', ['/moved'], true],
    ['a second one', ['/moved', '/again'], false],
    ['a redirect to another origin', ['https://elsewhere.example/'], false],
    ['a redirect to nowhere', ['http://'], false],
  ] as const) {
    test(`L33: ${title} is followed: ${isGood}`, async () => {
      const asked: string[] = []
      const { start } = providerUnderTest(peer, {
        fetch: async (input, init) => {
          const { href, origin, pathname } = new URL(String(input))
          asked.push(pathname)
          const next = locations[asked.length - 1]
          if (next !== undefined)
            return new Response(null, { status: 302, headers: { location: next } })
          return fetch(pathname === '/moved' ? `${origin}${asked[0]}` : href, init)
        },
      })
      if (isGood) await start()
      else assert.equal(await codeOf(start()), 'bad_provider_answer')
      assert.ok(asked.every((path) => path.startsWith('/')))
    })
  }

  for (const [title, answer, code] of answers) {
    test(`L13: ${title} means ${code}, and the next sign-in works without a restart`, async () => {
      peer.once('discovery', () => answer)
      const { start, signIn } = providerUnderTest(peer)
      assert.equal(await codeOf(start()), code)
      assert.equal((await signIn()).kind, 'signed-in')
    })
  }

  test('is repeated in the background after an hour, and the old one is kept if that fails', async () => {
    let time = Date.now()
    let count = 0
    const { start, provider, log } = providerUnderTest(peer, {
      now: () => time,
      fetch: (...request) => {
        count += 1
        return fetch(...request)
      },
    })
    await start()
    time += 61 * 60_000
    peer.once('discovery', () => ({ status: 503 }))
    await start()
    await until(() => log.events.some(({ event }) => event === 'provider.unavailable'))
    for (let round = 0; round < 5; round++) {
      await start()
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal(count, 2)

    time += 61_000
    peer.state.metadata = { end_session_endpoint: `${peer.issuer}/elsewhere` }
    await provider.metadata()
    await until(
      async () => (await provider.metadata()).end_session_endpoint === `${peer.issuer}/elsewhere`,
    )
  })

  test('plain HTTP is for loopback only, in every endpoint', async () => {
    const { signIn } = providerUnderTest(peer)
    peer.state.metadata = { token_endpoint: 'http://provider.internal/token' }
    const result = await signIn()
    assert.ok(result.kind === 'failed')
    assert.equal(result.code, 'provider_misconfigured')
  })
})

describe('the keys of the provider', () => {
  test('L6: a key that was rotated just before signing is fetched once', async () => {
    const { signIn } = providerUnderTest(peer)
    await signIn()
    await peer.rotateKeys()
    const { count, result } = await counting('jwks', () =>
      Promise.all([signIn(), signIn(), signIn()]),
    )
    assert.deepEqual(
      result.map(({ kind }) => kind),
      ['signed-in', 'signed-in', 'signed-in'],
    )
    assert.equal(count, 1)
  })

  test('L6: a rotated key without a kid is found too', async () => {
    const { signIn } = providerUnderTest(peer)
    await signIn()
    await peer.rotateKeys()
    peer.once('token', async (_, usual) => {
      const body = (await usual()).body as { id_token: string }
      const id_token = await peer.signIdToken(decodeJwt(body.id_token), { kid: null })
      return { body: { ...body, id_token } }
    })
    assert.equal((await signIn()).kind, 'signed-in')
  })

  test('L6: without a kid, every key that could be meant is tried', async () => {
    const other = await exportJWK((await generateKeyPair('RS256', { extractable: true })).publicKey)
    peer.override('jwks', async (_, usual) => {
      const { keys } = (await usual()).body as { keys: JWK[] }
      return { body: { keys: [other, ...keys.map(({ kid, alg, use, ...key }) => key)] } }
    })
    const withoutKid = (key: 'current' | 'foreign') =>
      peer.once('token', async (_, usual) => {
        const answer = await usual()
        const body = answer.body as { id_token: string }
        const id_token = await peer.signIdToken(decodeJwt(body.id_token), { kid: null, key })
        return { body: { ...body, id_token } }
      })
    const { signIn } = providerUnderTest(peer)
    withoutKid('current')
    assert.equal((await signIn()).kind, 'signed-in')
    withoutKid('foreign')
    assert.equal((await signIn()).kind, 'failed')
  })

  test('L6: a key that the provider took back is believed for ten minutes at most', async () => {
    let time = Date.now()
    const { provider, signIn } = providerUnderTest(peer, { now: () => time })
    await signIn()
    await peer.rotateKeys()
    const signed = () => peer.signLogoutToken({}, { key: 'old' })
    time += 599_000
    const { count } = await counting('jwks', async () => {
      assert.equal((await provider.verifyLogoutToken(await signed())).kind, 'valid')
    })
    assert.equal(count, 0)
    time += 2000
    assert.equal((await provider.verifyLogoutToken(await signed())).kind, 'invalid')
  })

  test('L6: made-up keys do not make a JWKS request each', async () => {
    const { provider, signIn } = providerUnderTest(peer)
    await signIn()
    const { count } = await counting('jwks', async () => {
      for (let index = 0; index < 10; index++) {
        const token = await peer.signLogoutToken({}, { key: 'foreign', kid: `made-up-${index}` })
        assert.equal((await provider.verifyLogoutToken(token)).kind, 'invalid')
      }
    })
    assert.equal(count, 1)
    await peer.rotateKeys()
    assert.equal((await signIn()).kind, 'signed-in', 'the pause is for those who caused it')
  })

  test('L13: a key set that cannot be had is no sign-in, and the next one works', async () => {
    const { signIn } = providerUnderTest(peer)
    const answers: [ScriptedAnswer, string][] = [
      [{ status: 500 }, 'provider_unavailable'],
      [{ fault: 'reset' }, 'provider_unavailable'],
      [{ body: 'nonsense' }, 'bad_provider_answer'],
      [{ body: { keys: 'none' } }, 'bad_provider_answer'],
      [{ body: { keys: [] } }, 'bad_provider_answer'],
    ]
    for (const [answer, code] of answers) {
      peer.once('jwks', () => answer)
      const result = await signIn()
      assert.equal(result.kind === 'failed' && result.code, code)
    }
    assert.equal((await signIn()).kind, 'signed-in')
  })
})

describe('what the discovery document says and does not say', () => {
  test('O5: without prompt_values_supported every prompt is taken', async () => {
    peer.state.metadata = { prompt_values_supported: undefined }
    assert.equal(await providerUnderTest(peer).provider.supportsPrompt('create'), true)
  })

  test('a prompt that is not in the list is told apart', async () => {
    const { provider } = providerUnderTest(peer)
    assert.equal(await provider.supportsPrompt('login consent'), true)
    assert.equal(await provider.supportsPrompt('login create'), false)
  })

  test('O1: the end-session URL carries hint, state and return address', async () => {
    const { provider } = providerUnderTest(peer)
    const url = await provider.endSessionUrl({ idTokenHint: 'the-id-token', state: 'the-state' })
    assert.deepEqual(Object.fromEntries(url?.searchParams ?? []), {
      id_token_hint: 'the-id-token',
      state: 'the-state',
      post_logout_redirect_uri: 'http://localhost:3000/bff/logout-callback',
      client_id: peer.clientId,
    })
  })

  test('O1: without an end-session endpoint, or a provider, there is no end-session URL', async () => {
    peer.state.metadata = { end_session_endpoint: undefined }
    assert.equal(await providerUnderTest(peer).provider.endSessionUrl({ state: 's' }), undefined)
    peer.once('discovery', () => ({ fault: 'reset' }))
    assert.equal(await providerUnderTest(peer).provider.endSessionUrl({ state: 's' }), undefined)
  })
})

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve))
}
