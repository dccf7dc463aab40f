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

  /** Of a 400 by its error: to the sign-in's own grant, and to one with something added. */
  const by400: readonly [error: string | undefined, own: string, withAdditions: string][] = [
    ['invalid_grant', 'rejected', 'rejected'],
    [undefined, 'rejected', 'refused-additions'],
    ['invalid_request', 'rejected', 'refused-additions'],
    ['invalid_scope', 'misconfigured', 'refused-additions'],
    ['invalid_target', 'misconfigured', 'refused-additions'],
    ['access_denied', 'misconfigured', 'refused-additions'],
    ['insufficient_something', 'misconfigured', 'refused-additions'],
    ['constructor', 'misconfigured', 'refused-additions'],
    ['invalid_client', 'misconfigured', 'misconfigured'],
    ['unauthorized_client', 'misconfigured', 'misconfigured'],
    ['unsupported_grant_type', 'misconfigured', 'misconfigured'],
    ['invalid_dpop_proof', 'misconfigured', 'misconfigured'],
    ['use_dpop_nonce', 'unavailable', 'unavailable'],
    ['server_error', 'unavailable', 'unavailable'],
    ['temporarily_unavailable', 'unavailable', 'unavailable'],
    ['slow_down', 'unavailable', 'unavailable'],
    ['interaction_required', 'unavailable', 'unavailable'],
    ['login_required', 'unavailable', 'unavailable'],
    ['consent_required', 'unavailable', 'unavailable'],
    ['account_selection_required', 'unavailable', 'unavailable'],
  ]

  /** The outcome of one refresh. Its own provider for each: the look at our credentials happens once a minute. */
  async function refused(
    { status = 400, error }: { status?: number; error: string | undefined },
    more: { resource?: string; added?: Record<string, string> } = {},
    refreshParams: Record<string, string> = {},
  ) {
    const { provider, oidc } = providerUnderTest(peer, { oidc: { refreshParams } })
    const grant = createRefreshGrant({ provider, oidc, now: Date.now })
    const answer = { status, body: error === undefined ? '' : { error } }
    peer.override('token', (it, usual) => (isRefresh(it) ? answer : usual()))
    return grant({
      refreshToken: 'x',
      ...more,
      expected: { sub: 'alice', issuer: peer.issuer },
    })
  }

  test('T5: whatever status and error come together, only a 400 or a 2xx says that a token is dead', async () => {
    const expected = (
      status: number,
      [error, own, withAdditions]: (typeof by400)[number],
      more: object,
    ) => {
      if (status >= 500 || status === 408 || status === 429) return 'unavailable'
      if (status === 401 || error === 'invalid_client' || error === 'unauthorized_client') {
        return 'misconfigured'
      }
      if (status === 200) return error === 'invalid_grant' ? 'rejected' : 'unavailable'
      if (status !== 400) return 'unavailable'
      return 'resource' in more ? withAdditions : own
    }
    for (const status of [200, 400, 401, 403, 404, 408, 410, 415, 429, 451, 500, 503]) {
      for (const row of by400) {
        for (const more of [{}, { resource: 'urn:reports' }]) {
          const outcome = await refused({ status, error: row[0] }, more)
          const label = `${status} ${row[0]} ${JSON.stringify(more)}`
          assert.equal(outcome.kind, expected(status, row, more), label)
        }
      }
    }
  })

  for (const name of ['resource', 'scope', 'audience', 'tenant', 'constructor']) {
    const added = { [name]: 'urn:x' }
    test(`T5: where settings or a hook added something, only invalid_grant is a dead token: ${name}`, async () => {
      for (const [error, , withAdditions] of by400) {
        for (const outcome of [
          await refused({ error }, {}, added),
          await refused({ error }, { added }),
        ]) {
          assert.equal(outcome.kind, withAdditions, error)
          if (outcome.kind === 'refused-additions') assert.deepEqual(outcome.additions, added)
        }
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
