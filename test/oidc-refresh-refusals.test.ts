import assert from 'node:assert/strict'
import { after, afterEach, describe, test } from 'node:test'
import { createRefreshGrant } from '#lib/tokens/refresh-grant.ts'
import { providerUnderTest } from './support/provider-under-test.ts'
import {
  type RecordedRequest,
  type ScriptedAnswer,
  startScriptedProvider,
} from './support/scripted-provider.ts'

const peer = await startScriptedProvider()
after(() => peer.close())
afterEach(() => peer.override('token'))

const isRefresh = ({ params }: RecordedRequest) => params.get('grant_type') === 'refresh_token'

describe('T5: a refresh that fails', () => {
  const answers: [string, ScriptedAnswer, string, string?][] = [
    [
      'invalid_grant',
      { status: 400, body: { error: 'invalid_grant' } },
      'rejected',
      'invalid_grant',
    ],
    [
      'invalid_request',
      { status: 400, body: { error: 'invalid_request' } },
      'rejected',
      'invalid_request',
    ],
    ['400 with an empty body', { status: 400 }, 'rejected'],
    ['400 with HTML', { status: 400, body: '<h1>no</h1>' }, 'rejected'],
    [
      '400 with a challenge',
      { status: 400, headers: { 'www-authenticate': 'Bearer error="x"' } },
      'rejected',
    ],
    ['403', { status: 403, body: {} }, 'unavailable'],
    ['404', { status: 404 }, 'unavailable'],
    ['400 with a megabyte', { status: 400, body: 'x'.repeat(2 << 20) }, 'rejected'],
    ['401 with an empty body', { status: 401 }, 'misconfigured'],
    [
      '401 with a challenge',
      { status: 401, headers: { 'www-authenticate': 'Basic' }, body: { error: 'invalid_client' } },
      'misconfigured',
      'invalid_client',
    ],
    [
      '401 with invalid_grant',
      { status: 401, body: { error: 'invalid_grant' } },
      'misconfigured',
      'invalid_grant',
    ],
    [
      '400 with invalid_client',
      { status: 400, body: { error: 'invalid_client' } },
      'misconfigured',
      'invalid_client',
    ],
    [
      '400 with unauthorized_client',
      { status: 400, body: { error: 'unauthorized_client' } },
      'misconfigured',
      'unauthorized_client',
    ],
    ['500', { status: 500 }, 'unavailable'],
    [
      '503 with invalid_grant',
      { status: 503, body: { error: 'invalid_grant' } },
      'unavailable',
      'invalid_grant',
    ],
    ['408', { status: 408, body: { error: 'invalid_grant' } }, 'unavailable', 'invalid_grant'],
    ['429', { status: 429 }, 'unavailable'],
    ['a broken connection', { fault: 'reset' }, 'unavailable'],
    [
      'half of a refusal',
      { status: 400, body: { error: 'invalid_grant' }, fault: 'cut' },
      'unavailable',
    ],
    ['half an answer', { body: { access_token: 'x'.repeat(99) }, fault: 'cut' }, 'unavailable'],
    ['200 with an empty body', { body: '' }, 'unavailable'],
    ['200 with HTML', { body: '<h1>hello</h1>' }, 'unavailable'],
    ['200 with invalid_grant', { body: { error: 'invalid_grant' } }, 'rejected', 'invalid_grant'],
    [
      '200 with another error',
      { body: { error: 'invalid_request' } },
      'unavailable',
      'invalid_request',
    ],
    ['200 with an empty token', { body: { access_token: '', refresh_token: 'x' } }, 'unavailable'],
    ['204', { status: 204 }, 'unavailable'],
    ['a redirect', { status: 302, headers: { location: '/token' } }, 'unavailable'],
  ]
  for (const [title, answer, kind, error] of answers) {
    test(`with ${title} is ${kind}`, async () => {
      const { provider, oidc } = providerUnderTest(peer)
      const grant = createRefreshGrant({ provider, oidc, now: Date.now })
      peer.override('token', (it, usual) => (isRefresh(it) ? answer : usual()))
      const outcome = await grant({
        refreshToken: 'x',
        expected: { sub: 'alice', issuer: peer.issuer },
      })
      assert.ok(outcome.kind !== 'refreshed')
      assert.deepEqual([outcome.kind, outcome.error], [kind, error])
      assert.equal(outcome.status, answer.fault ? undefined : (answer.status ?? 200))
    })
  }

  test('T5: whatever status and error come together, only a 400 or a 2xx says that a token is dead', async () => {
    const errors = [undefined, 'invalid_grant', 'invalid_request', 'invalid_client']
    errors.push('unauthorized_client', 'invalid_target', 'invalid_scope', 'server_error')
    errors.push('access_denied', 'unsupported_grant_type', 'use_dpop_nonce')
    const expected = (status: number, error: string | undefined, resource: string | undefined) => {
      if (status >= 500 || status === 408 || status === 429) return 'unavailable'
      if (status === 401 || error === 'invalid_client' || error === 'unauthorized_client') {
        return 'misconfigured'
      }
      if (status === 200) return error === 'invalid_grant' ? 'rejected' : 'unavailable'
      if (status !== 400) return 'unavailable'
      if (error === undefined || error === 'invalid_grant') return 'rejected'
      if (error === 'use_dpop_nonce') return 'unavailable'
      if (resource !== undefined) return 'refused-target'
      return error === 'invalid_request' ? 'rejected' : 'misconfigured'
    }
    for (const status of [200, 400, 401, 403, 404, 408, 410, 415, 429, 451, 500, 503]) {
      for (const error of errors) {
        for (const resource of [undefined, 'urn:reports']) {
          // Its own provider for each: the look at our credentials happens once a minute.
          const { provider, oidc } = providerUnderTest(peer)
          const grant = createRefreshGrant({ provider, oidc, now: Date.now })
          const answer = { status, body: error === undefined ? '' : { error } }
          peer.override('token', (it, usual) => (isRefresh(it) ? answer : usual()))
          const outcome = await grant({
            refreshToken: 'x',
            ...(resource === undefined ? {} : { resource }),
            expected: { sub: 'alice', issuer: peer.issuer },
          })
          const label = `${status} ${error} ${resource}`
          assert.equal(outcome.kind, expected(status, error, resource), label)
        }
      }
    }
  })

  for (const asked of ['resource', 'scope', 'audience']) {
    const added = { [asked]: 'urn:x' }
    test(`T5: 400 invalid_request is no dead token where settings or a hook ask for more: ${asked}`, async () => {
      for (const by of ['oidc.refreshParams', 'a hook']) {
        const isHook = by === 'a hook'
        const settings = isHook ? {} : { oidc: { refreshParams: added } }
        const { provider, oidc } = providerUnderTest(peer, settings)
        const grant = createRefreshGrant({ provider, oidc, now: Date.now })
        const refuse = (error: string) =>
          peer.once('token', () => ({ status: 400, body: { error } }))
        const request = {
          refreshToken: 'x',
          ...(isHook ? { added } : {}),
          expected: { sub: 'alice', issuer: peer.issuer },
        }
        for (const error of ['invalid_request', 'invalid_target', 'invalid_scope']) {
          refuse(error)
          const outcome = await grant(request)
          assert.ok(outcome.kind === 'refused-target', `${by} ${error} ${outcome.kind}`)
          assert.deepEqual(outcome.asked, added)
        }
        refuse('invalid_grant')
        assert.equal((await grant(request)).kind, 'rejected')
      }
    })
  }

  test('because the provider cannot be found at a cold start is unavailable', async () => {
    const { provider, oidc } = providerUnderTest(peer)
    const grant = createRefreshGrant({ provider, oidc, now: Date.now })
    peer.once('discovery', () => ({ fault: 'reset' }))
    const outcome = await grant({
      refreshToken: 'x',
      expected: { sub: 'alice', issuer: peer.issuer },
    })
    assert.equal(outcome.kind, 'unavailable')
  })
})
