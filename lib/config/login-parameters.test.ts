import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadSettings } from './load-settings.ts'

const env = {
  OIDC_ISSUER: 'https://login.example.com',
  OIDC_CLIENT_ID: 'app',
  OIDC_CLIENT_SECRET: 'one-that-the-provider-gave',
  BFF_BASE_URL: 'https://app.example.com',
  BFF_SECRET: 'q8Jr2xkP0vT7nYb4LwZc9dHfGs1mEa6U',
}
const load = (...loginParams: string[]) => loadSettings({ env, config: { oidc: { loginParams } } })

describe('names of oidc.loginParams', () => {
  const chosen = [
    ...['state', 'nonce', 'scope', 'redirect_uri', 'client_id', 'client_secret', 'dpop_jkt'],
    ...[
      'client_assertion',
      'audience',
      'authorization_details',
      'resource',
      'claims',
      'id_token_hint',
      'registration',
    ],
    ...['request', 'request_uri', 'Request_URI', 'response_mode', 'response_type'],
    ...['response_anything', 'code_challenge', 'code_challenge_method'],
  ].map((name) => [name, `names ${name}, which no link may choose`] as const)
  const understood = [
    ...['returnUrl', 'returnurl', 'target_link_uri', 'iss', 'prompt'],
    ...['login_hint', 'acr_values', 'max_age', 'ui_locales'],
  ].map((name) => [name, `names ${name}, which is understood without it`] as const)
  const none = ['', 'a b', 'a&b', 'é', 'x'.repeat(65)].map(
    (name) => [name, 'has a name that is none of a parameter'] as const,
  )

  for (const [name, problem] of [...chosen, ...understood, ...none]) {
    test(`L70: ${JSON.stringify(name)} is refused at start`, () => {
      const loaded = load('organization', name)
      assert.ok(!loaded.ok)
      const fix = `take ${name || 'it'} out`
      assert.deepEqual(loaded.problems, [{ setting: 'oidc.loginParams', problem, fix }])
    })
  }

  test('L70: those of known providers are accepted', () => {
    const names = ['kc_idp_hint', 'organization', 'domain_hint', 'connection', 'hd', 'idp']
    const loaded = load(...names)
    assert.ok(loaded.ok)
    assert.deepEqual(loaded.settings.oidc.loginParams, names)
  })
})
