import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import * as client from 'openid-client'
import { startScriptedProvider } from './scripted-provider.ts'

const redirectUri = 'http://localhost:3000/bff/callback'

async function configure(provider: { issuer: string; clientId: string; clientSecret: string }) {
  return client.discovery(
    new URL(provider.issuer),
    provider.clientId,
    provider.clientSecret,
    undefined,
    { execute: [client.allowInsecureRequests] },
  )
}

describe('the scripted provider', async () => {
  const provider = await startScriptedProvider()
  after(() => provider.close())

  async function signIn() {
    const config = await configure(provider)
    const verifier = client.randomPKCECodeVerifier()
    const state = client.randomState()
    const nonce = client.randomNonce()
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: 'openid offline_access',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    })
    const callback = await provider.approve(url)
    return client.authorizationCodeGrant(config, callback, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
    })
  }

  test('signs in a standard client', async () => {
    const tokens = await signIn()
    assert.equal(tokens.claims()?.sub, 'alice')
    assert.ok(tokens.refresh_token)
  })

  test('rotates refresh tokens, and ends the family when a used one comes back', async () => {
    const config = await configure(provider)
    const first = (await signIn()).refresh_token ?? ''
    const second = (await client.refreshTokenGrant(config, first)).refresh_token ?? ''
    await assert.rejects(client.refreshTokenGrant(config, first), { error: 'invalid_grant' })
    await assert.rejects(client.refreshTokenGrant(config, second), { error: 'invalid_grant' })
  })

  test('answers what a test scripts, for one request or until it is taken back', async () => {
    const config = await configure(provider)
    provider.once('token', () => ({ status: 503, body: 'down' }))
    await assert.rejects(client.clientCredentialsGrant(config))
    await client.clientCredentialsGrant(config)
    const restore = provider.override('token', () => ({ fault: 'reset' }))
    await assert.rejects(client.clientCredentialsGrant(config))
    restore()
    await client.clientCredentialsGrant(config)
    assert.equal(provider.tokenRequests('client_credentials').length, 4)
  })

  test('asks for a DPoP nonce and binds the token', async () => {
    const config = await configure(provider)
    provider.state.dpopNonce = 'a-nonce'
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair())
    const tokens = await client.clientCredentialsGrant(config, undefined, { DPoP })
    provider.state.dpopNonce = undefined
    assert.equal(tokens.token_type, 'dpop')
  })
})
