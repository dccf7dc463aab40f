import assert from 'node:assert/strict'
import { after, afterEach, describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import { generateDpopKey } from '#lib/oidc/dpop-key.ts'
import { eventLevels } from '#lib/telemetry/log.ts'
import { createDpopSigners } from '#lib/tokens/dpop.ts'
import { createRevocation } from '#lib/tokens/revocation.ts'
import { providerUnderTest } from './support/provider-under-test.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'

const peer = await startScriptedProvider()
after(() => peer.close())
afterEach(() => {
  Object.assign(peer.state, { metadata: {}, dpopNonce: undefined })
  peer.override('revocation')
  peer.requests.length = 0
})

function revocationUnderTest(options: Parameters<typeof providerUnderTest>[1] = {}) {
  const { provider, oidc, log } = providerUnderTest(peer, options)
  const signer = createDpopSigners({ nonces: provider.nonces })
  return { revoke: createRevocation({ provider, oidc, signer, log }), log }
}

const sent = () => peer.requests.filter(({ name }) => name === 'revocation')
const tokens = { refreshToken: 'the-refresh-token', accessTokens: ['one', 'two'] }

describe('revocation (RFC 7009)', () => {
  test('T8: refresh token and access tokens are revoked, with hint and extra parameters', async () => {
    const { revoke, log } = revocationUnderTest({ oidc: { revocationParams: { tenant: 'one' } } })
    await revoke(tokens, 'alice')
    const byToken = Object.fromEntries(
      sent().map(({ params }) => [params.get('token'), params.get('token_type_hint')]),
    )
    assert.deepEqual(byToken, {
      'the-refresh-token': 'refresh_token',
      one: 'access_token',
      two: 'access_token',
    })
    assert.ok(sent().every(({ params }) => params.get('tenant') === 'one'))
    assert.equal(log.events.filter(({ event }) => event === 'token.revoked').length, 3)
    assert.doesNotMatch(JSON.stringify(log.events), /the-refresh-token/)
  })

  test('T8: a provider without the endpoint is left alone', async () => {
    peer.state.metadata = { revocation_endpoint: undefined }
    const { revoke, log } = revocationUnderTest()
    await revoke(tokens, 'alice')
    assert.equal(sent().length, 0)
    assert.deepEqual(
      log.events.map(({ event }) => event),
      ['provider.discovered'],
    )
  })

  test('T8: no failure of the provider reaches the caller', async () => {
    const answers = [{ status: 503 }, { fault: 'reset' }, { status: 401 }, { status: 400 }] as const
    for (const answer of answers) {
      peer.once('revocation', () => answer)
      const { revoke, log } = revocationUnderTest()
      await revoke({ refreshToken: 'the-refresh-token' }, 'alice')
      assert.equal(log.events.at(-1)?.event, 'token.revocation_failed')
    }
  })

  test('T8: neither does a provider that cannot be found', async () => {
    peer.once('discovery', () => ({ fault: 'reset' }))
    const { revoke, log } = revocationUnderTest()
    await revoke(tokens, 'alice')
    assert.equal(log.events.at(-1)?.event, 'token.revocation_failed')
  })

  test('an access token that cannot be revoked there is no failure', async () => {
    peer.once('revocation', () => ({ status: 400, body: { error: 'unsupported_token_type' } }))
    const { revoke, log } = revocationUnderTest()
    await revoke({ accessTokens: ['one'] }, 'alice')
    assert.deepEqual(
      log.events.map(({ event }) => event),
      ['provider.discovered'],
    )
  })

  test('T23: the refresh token first, and one by one', async () => {
    const { revoke } = revocationUnderTest()
    let underWay = 0
    const most: number[] = []
    peer.override('revocation', async (_, usual) => {
      most.push(++underWay)
      await new Promise(setImmediate)
      underWay -= 1
      return usual()
    })
    await revoke({ refreshToken: 'the-refresh-token', accessTokens: ['a', 'b', 'c'] }, 'alice')
    assert.deepEqual(
      sent().map(({ params }) => params.get('token')),
      ['the-refresh-token', 'a', 'b', 'c'],
    )
    assert.deepEqual(most, [1, 1, 1, 1])
  })

  test('T23: an access token that is refused after the refresh token is debug', async () => {
    const { revoke, log } = revocationUnderTest()
    const eventsOf = async (more: Parameters<typeof revoke>[0], ...statuses: number[]) => {
      const before = log.events.length
      for (const status of statuses) {
        peer.once('revocation', () => ({ status, body: { error: 'invalid_token' } }))
      }
      await revoke(more, 'alice')
      return log.events.slice(before).map(({ event }) => event.replace('token.', ''))
    }
    await eventsOf({ refreshToken: 'x' }, 200)
    assert.equal(eventLevels['token.revocation_needless'], 'debug')
    assert.deepEqual(await eventsOf(tokens, 200, 400, 200), [
      'revoked',
      'revocation_needless',
      'revoked',
    ])
    assert.deepEqual(await eventsOf(tokens, 400, 400, 503), [
      'revocation_failed',
      'revocation_needless',
      'revocation_failed',
    ])
    assert.deepEqual(await eventsOf({ accessTokens: ['one'] }, 400), ['revocation_failed'])
  })

  test('T23: without an answer for the refresh token, the access tokens are left alone', async () => {
    const { revoke, log } = revocationUnderTest()
    peer.once('revocation', () => ({ fault: 'reset' }))
    await revoke(tokens, 'alice')
    assert.equal(sent().length, 1)
    assert.equal(log.events.at(-1)?.event, 'token.revocation_failed')
  })

  test('T10: a nonce challenge is answered once, with a new proof', async () => {
    const { revoke } = revocationUnderTest()
    peer.state.dpopNonce = 'asked'
    const dpopKey = await generateDpopKey()
    await revoke({ refreshToken: 'bound', dpopKey }, 'alice')
    const proofs = sent().map(({ headers }) => decodeJwt(headers.dpop ?? ''))
    assert.deepEqual(
      proofs.map(({ nonce }) => nonce),
      [undefined, 'asked'],
    )
    assert.notEqual(proofs[0]?.jti, proofs[1]?.jti)
    assert.equal(peer.state.revoked.at(-1), 'bound')
  })

  test('T10: a second challenge in a row is a failure, not a third try', async () => {
    const { revoke, log } = revocationUnderTest()
    peer.override('revocation', () => ({
      status: 400,
      body: { error: 'use_dpop_nonce' },
      headers: { 'dpop-nonce': 'another' },
    }))
    await revoke({ refreshToken: 'bound', dpopKey: await generateDpopKey() }, 'alice')
    assert.equal(sent().length, 2)
    assert.equal(log.events.at(-1)?.event, 'token.revocation_failed')
  })
})
