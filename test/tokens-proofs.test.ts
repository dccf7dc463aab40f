import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { exportJWK, generateKeyPair } from 'jose'
import { type App, startApp } from './support/app.ts'
import {
  type CheckedProof,
  checkAssertion,
  checkProof,
  type NonceApi,
  startNonceApi,
} from './support/proofs.ts'
import { until } from './support/remote-fixture.ts'
import {
  type RecordedRequest,
  type ScriptedProvider,
  startScriptedProvider,
} from './support/scripted-provider.ts'

const proven = ['par', 'token', 'userinfo', 'revocation'] as const

/** Every endpoint wants the provider's latest nonce of whoever sends a proof, and each answer has a new one. */
function demandNonces(provider: ScriptedProvider) {
  let issued = 0
  let renews = true
  const challenged: RecordedRequest[] = []
  const next = () => {
    issued += 1
    provider.state.dpopNonce = `provider-${issued}`
    return { 'dpop-nonce': provider.state.dpopNonce }
  }
  next()
  for (const name of proven) {
    provider.override(name, async (request, usual) => {
      const { nonce } = await checkProof({ ...request, url: request.url.href })
      if (nonce !== provider.state.dpopNonce) {
        challenged.push(request)
        if (name !== 'userinfo') return usual()
        const headers = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', ...next() }
        return { status: 401, headers }
      }
      const answer = await usual()
      if (!renews) return answer
      const fresh = next()
      // Not told with the code's tokens: UserInfo has to ask for it.
      if (request.params.has('code')) return answer
      return { ...answer, headers: { ...answer.headers, ...fresh } }
    })
  }
  return {
    challenged,
    settle: () => {
      renews = false
    },
  }
}

const audiences = [
  ['the issuer', undefined],
  ['as the setting says', 'https://old.example/token'],
  ['the token endpoint', 'endpoint'],
] as const

for (const [title, assertionAudience] of audiences) {
  describe(`a session with DPoP, PAR and client assertions; audience: ${title}`, () => {
    let app: App
    let one: NonceApi
    let two: NonceApi
    let machines: NonceApi
    let key: JsonWebKey
    let nonces: ReturnType<typeof demandNonces>
    const statuses: number[] = []

    before(async () => {
      one = await startNonceApi('one')
      two = await startNonceApi('two')
      machines = await startNonceApi('machines')
      const pair = await generateKeyPair('ES256', { extractable: true })
      key = (await exportJWK(pair.privateKey)) as JsonWebKey
      app = await startApp({
        env: { OIDC_CLIENT_SECRET: '', OIDC_CLIENT_KEY: JSON.stringify(key) },
        config: {
          oidc: {
            dpop: true,
            par: true,
            userinfo: true,
            ...(assertionAudience === undefined ? {} : { assertionAudience }),
          },
          remotes: {
            one: { target: `${one.origin}/base`, dpop: true },
            two: { target: two.origin, resource: 'urn:two', dpop: true },
            exchanged: { target: two.origin, exchange: { audience: 'two' }, dpop: true },
            machine: { target: machines.origin, token: 'client', client: 'catalog', dpop: true },
          },
          clients: { catalog: { scope: 'catalog', dpop: true } },
        },
      })
      nonces = demandNonces(app.provider)
      const browser = app.browser()
      await browser.signInHere()
      const call = async (path: string, method = 'GET') => {
        statuses.push((await browser.call(`/api/remote${path}`, { method })).status)
      }
      await call('/one/x?y=1&z=%2F')
      await call('/one/x/y', 'POST')
      await call('/two/x')
      await call('/exchanged/x')
      await call('/machine/x')
      await call('/machine/x')
      // A refresh ahead of expiry, and one because the API does not like the token.
      app.advance(301_000)
      await call('/one/after-expiry')
      app.advance(31_000)
      one.refuseNext('Bearer error="invalid_token"')
      await call('/one/refused')
      nonces.settle()
      const user = await browser.user()
      await browser.visit(`${app.origin}${user?.['bff:logout_url']}`)
      await until(() => app.provider.state.revoked.length === 3)
    })
    after(async () => {
      await app.close()
      await one.close()
      await two.close()
      await machines.close()
    })

    const sent = () =>
      app.provider.requests.filter(({ name }) => (proven as readonly string[]).includes(name))

    test('every call is answered, and every kind of request was made', () => {
      assert.deepEqual(statuses, Array(8).fill(200))
      const grants = new Set(app.provider.tokenRequests().map((it) => it.get('grant_type')))
      assert.equal(grants.size, 4)
      for (const name of proven) assert.ok(app.provider.counters[name] > 0, name)
      const surprises = app.log.events.filter(({ event }) => event === 'unexpected.error')
      assert.deepEqual(surprises, [])
    })

    test('T10: every request has its own proof, of the key that it is about', async () => {
      const proofs: (CheckedProof & { who: string })[] = []
      for (const request of sent()) {
        const isMachine = request.params.get('grant_type') === 'client_credentials'
        const proof = await checkProof({ ...request, url: request.url.href })
        proofs.push({ ...proof, who: isMachine ? 'machine' : 'user' })
      }
      for (const { proof } of [...one.requests, ...two.requests]) {
        proofs.push({ ...proof, who: 'user' })
      }
      for (const { proof } of machines.requests) proofs.push({ ...proof, who: 'machine' })
      assert.equal(new Set(proofs.map(({ jti }) => jti)).size, proofs.length)
      const keysOf = (who: string) =>
        new Set(proofs.filter((it) => it.who === who).map(({ jkt }) => jkt))
      assert.deepEqual([keysOf('user').size, keysOf('machine').size], [1, 1])
      assert.notDeepEqual(keysOf('user'), keysOf('machine'))
    })

    test('T10: a nonce is used at its own origin only', async () => {
      const ofProvider = await Promise.all(
        sent().map(async (it) => (await checkProof({ ...it, url: it.url.href })).nonce),
      )
      const families = [
        ['provider', ofProvider],
        ['one', one.requests.map(({ proof }) => proof.nonce)],
        ['two', two.requests.map(({ proof }) => proof.nonce)],
        ['machines', machines.requests.map(({ proof }) => proof.nonce)],
      ] as const
      for (const [name, used] of families) {
        const foreign = used.filter((it) => it !== undefined && !it.startsWith(`${name}-`))
        assert.deepEqual(foreign, [], name)
      }
    })

    test('T10: the nonce of an answer, a 200 as well, is in the next proof for that origin', () => {
      // Only the very first call of each API had no nonce to use.
      for (const api of [one, two, machines]) assert.equal(api.challenges(), 1)
      assert.deepEqual(
        [one, two, machines].map(({ requests }) => requests.length),
        [6, 3, 3],
      )
      // The machine was told another nonce since, so the user's is out of date at the refresh.
      const byEndpoint = nonces.challenged.map(
        ({ name, params }) => params.get('grant_type') ?? name,
      )
      assert.deepEqual(byEndpoint, ['par', 'userinfo', 'refresh_token'])
    })

    test('T10: a challenge is answered once, with the nonce that it asked for', () => {
      for (const refused of nonces.challenged) {
        const all = sent().filter(({ name }) => name === refused.name)
        const again = all[all.indexOf(refused) + 1]
        assert.equal(again?.params.get('grant_type'), refused.params.get('grant_type'))
        assert.ok(again && !nonces.challenged.includes(again))
      }
    })

    test('T11: every assertion is for one audience, and for one try', async () => {
      const ids = new Set<string>()
      const { issuer } = app.provider
      const audience =
        assertionAudience === 'endpoint' ? `${issuer}/token` : (assertionAudience ?? issuer)
      const requests = sent().filter(({ name }) => name !== 'userinfo')
      for (const { params } of requests) {
        const { clientId } = app.provider
        ids.add(await checkAssertion(params, { audience, clientId, key }))
      }
      assert.equal(ids.size, requests.length)
    })

    test('T8, T10: the revocations have a proof with a nonce that was known already', () => {
      const revoked = sent().filter(({ name }) => name === 'revocation')
      assert.equal(app.provider.state.revoked.length, revoked.length)
      assert.ok(revoked.some(({ params }) => params.get('token_type_hint') === 'refresh_token'))
    })
  })
}

test('T10, T11: a machine client of another server proves itself there, with a key and nonces of its own', async (t) => {
  const other = await startScriptedProvider({ clientId: 'machine' })
  t.after(() => other.close())
  const pair = await generateKeyPair('ES256', { extractable: true })
  const key = (await exportJWK(pair.privateKey)) as JsonWebKey
  const tokenEndpoint = `${other.issuer}/token`
  const app = await startApp({
    env: { MACHINE_KEY: JSON.stringify(key) },
    config: {
      oidc: { assertionAudience: 'https://of-the-sign-in.example' },
      clients: { far: { tokenEndpoint, clientId: 'machine', keyEnv: 'MACHINE_KEY', dpop: true } },
    },
  })
  t.after(() => app.close())
  other.state.dpopNonce = 'of-the-other'
  assert.equal((await app.bff.clientToken('far')).kind, 'dpop')
  const ids = new Set<string>()
  for (const request of other.requests) {
    const expected = { audience: tokenEndpoint, clientId: 'machine', key }
    ids.add(await checkAssertion(request.params, expected))
    ids.add((await checkProof({ ...request, url: request.url.href })).jti)
  }
  assert.deepEqual([other.requests.length, ids.size], [2, 4])
  // Nobody else is told of it: no discovery, no token request at the sign-in's provider.
  assert.equal(app.provider.requests.length, 0)
})
