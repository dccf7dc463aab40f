import assert from 'node:assert/strict'
import { after, afterEach, describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import type { ClientSettings } from '#lib/config/client.ts'
import type { Hooks } from '#lib/config/hooks.ts'
import { type KeyValue, StoreUnavailableError } from '#lib/store/key-value.ts'
import { createMemoryStore } from '#lib/store/memory.ts'
import type { TokenResult } from '#lib/tokens/token-result.ts'
import { machineTokenUnderTest, tokenOf } from './support/machine-token-under-test.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'

const peer = await startScriptedProvider()
const { instance, counting, requests } = machineTokenUnderTest(peer)
after(() => peer.close())
afterEach(() => {
  Object.assign(peer.state, { sendExpiresIn: true, accessTokenLifetime: 300, dpopNonce: undefined })
  peer.override('token')
})

describe('machine tokens (RFC 6749 section 4.4)', () => {
  test('T9: a thousand first uses at once make one request, and the next use needs no promise', async () => {
    let leases = 0
    const store = createMemoryStore()
    const counted: KeyValue = {
      ...store,
      acquireLease: (...args) => {
        leases += 1
        return store.acquireLease(...args)
      },
    }
    const { clientToken } = instance({ store: counted })
    const { result, count } = await counting(() =>
      Promise.all(Array.from({ length: 1000 }, () => clientToken('catalog', {}))),
    )
    assert.deepEqual([count, leases], [1, 1])
    assert.equal(new Set(result.map(tokenOf)).size, 1)
    assert.ok(!(clientToken('catalog', {}) instanceof Promise))
    assert.equal(requests().at(-1)?.get('scope'), 'catalog inventory')
  })

  test('T9: three processes make one request between them', async () => {
    const store = createMemoryStore()
    const { result, count } = await counting(() =>
      Promise.all([1, 2, 3].map(async () => tokenOf(await instance({ store }).get()))),
    )
    assert.equal(count, 1)
    assert.equal(new Set(result).size, 1)
  })

  test('T9: whoever gets the lease too late finds what the one before has left', async () => {
    const store = createMemoryStore()
    let early: TokenResult | undefined
    const late: KeyValue = {
      ...store,
      async acquireLease(...args) {
        early ??= await instance({ store }).get()
        return store.acquireLease(...args)
      },
    }
    const { result, count } = await counting(() => instance({ store: late }).get())
    assert.equal(count, 1)
    assert.ok(early && tokenOf(early) === tokenOf(result))
  })

  test('T9: what is in the store is neither the token nor the name of the client', async () => {
    const store = createMemoryStore()
    const written: unknown[] = []
    const spying: KeyValue = {
      ...store,
      create: (...args) => {
        written.push(args)
        return store.create(...args)
      },
    }
    const token = tokenOf(await instance({ store: spying }).get())
    assert.equal(written.length, 1)
    const text = JSON.stringify(written)
    assert.ok(!text.includes(token) && !text.includes(peer.clientId) && !text.includes('catalog'))
  })

  const differences: [string, Partial<ClientSettings>, Hooks?][] = [
    ['scope', { scope: 'other' }],
    ['resource', { scope: 'a', resource: 'urn:x' }],
    ['audience', { scope: 'a', audience: 'x' }],
    ['extra parameters', { scope: 'a', parameters: { tenant: 'x' } }],
    ['the token endpoint', { scope: 'a', tokenEndpoint: `${peer.issuer}/token` }],
    [
      'the authentication method',
      { scope: 'a', auth: { method: 'client_secret_post', secret: peer.clientSecret } },
    ],
    ['parameters of the hook', { scope: 'a' }, { tokenRequest: () => ({ tenant: 'x' }) }],
    ['DPoP', { scope: 'a', dpop: true }],
  ]
  for (const [title, settings, hooks] of differences) {
    test(`T9: clients that differ in ${title} do not share a token`, async () => {
      const store = createMemoryStore()
      const plain = instance({ store, clients: { catalog: { scope: 'a' } } })
      const other = instance({ store, clients: { catalog: settings }, ...(hooks ? { hooks } : {}) })
      assert.notEqual(tokenOf(await plain.get()), tokenOf(await other.get()))
    })
  }

  test('T9: clients of two ids never share a token', async () => {
    // Whatever the client: a provider that knows both of them.
    let count = 0
    peer.override('token', () => ({ body: { access_token: `t${++count}`, token_type: 'Bearer' } }))
    const store = createMemoryStore()
    const tokens: string[] = []
    for (const clientId of ['one', 'two', 'one']) {
      const { get } = instance({ store, clients: { catalog: { scope: 'a', clientId } } })
      tokens.push(tokenOf(await get()))
    }
    assert.deepEqual(tokens, ['t1', 't2', 't1'])
  })

  test('T9: the same scopes in another order are the same token', async () => {
    const store = createMemoryStore()
    const one = instance({ store, clients: { catalog: { scope: 'a b' } } })
    const two = instance({ store, clients: { catalog: { scope: 'b  a' } } })
    assert.equal(tokenOf(await one.get()), tokenOf(await two.get()))
  })

  test('T9: a failure is not kept', async () => {
    const { get, log } = instance()
    peer.once('token', () => ({ status: 503 }))
    assert.deepEqual(await get(), {
      kind: 'failed',
      code: 'token_unavailable',
      reason: { status: 503 },
    })
    peer.once('token', () => ({ status: 400, body: { error: 'invalid_scope' } }))
    assert.deepEqual(await get(), {
      kind: 'failed',
      code: 'provider_misconfigured',
      reason: { status: 400, error: 'invalid_scope' },
    })
    assert.equal((await get()).kind, 'bearer')
    const failures = log.events.filter(({ event }) => event === 'token.machine.failed')
    assert.equal(failures.length, 2)
  })

  test('a client that the settings do not have is our misconfiguration', async () => {
    assert.deepEqual(await instance().get('nobody'), {
      kind: 'failed',
      code: 'provider_misconfigured',
    })
  })

  test('the store is away: the token is requested directly', async () => {
    const away = () => Promise.reject(new StoreUnavailableError(new Error('away')))
    const store: KeyValue = {
      ...createMemoryStore(),
      getFresh: away,
      create: away,
      acquireLease: away,
    }
    assert.equal((await instance({ store }).get()).kind, 'bearer')
    assert.equal(
      (await instance({ store, clients: { catalog: { dpop: true } } }).get()).kind,
      'dpop',
    )
  })
})

describe('machine tokens with DPoP (RFC 9449)', () => {
  const clients = { catalog: { dpop: true } }

  test('T10: two processes share the key and the token, and can prove both', async () => {
    const store = createMemoryStore()
    const results = await Promise.all([1, 2].map(() => instance({ store, clients }).get()))
    const [one, two] = results
    assert.ok(one?.kind === 'dpop' && two?.kind === 'dpop')
    assert.equal(one.token, two.token)
    const proofs = await Promise.all(
      [one, two].map(({ signer }) => signer.proof('GET', 'https://a/')),
    )
    const keys = proofs.map((proof) => proof.split('.')[0])
    assert.equal(keys[0], keys[1])
    assert.equal(decodeJwt(proofs[0] ?? '').htu, 'https://a/')
  })

  test('T10: a nonce challenge of the token endpoint is answered once', async () => {
    peer.state.dpopNonce = 'asked'
    const { result, count } = await counting(() => instance({ clients }).get())
    assert.equal(result.kind, 'dpop')
    assert.equal(count, 2)
  })

  test('T10: a Bearer token in answer to a proof is not used', async () => {
    peer.once('token', () => ({ body: { access_token: 'x', token_type: 'Bearer' } }))
    assert.equal((await instance({ clients }).get()).kind, 'failed')
  })
})
