import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import * as client from 'openid-client'
import { createHttpBrowser, type HttpBrowser } from '../support/http-browser.ts'
import { type DemoProvider, type DemoProviderOptions, startDemoProvider } from './provider.ts'
import { demoAcr, demoApiResource } from './provider-config.ts'

const origin = 'http://localhost:3000'
const insecure = { execute: [client.allowInsecureRequests] }

function configure(provider: DemoProvider) {
  const { clientId, clientSecret } = provider
  return client.discovery(new URL(provider.issuer), clientId, clientSecret, undefined, insecure)
}

/** A whole sign-in as a relying party and a browser see it. */
async function signIn(
  provider: DemoProvider,
  browser: HttpBrowser,
  parameters: Record<string, string> = {},
) {
  const config = await configure(provider)
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedNonce = client.randomNonce()
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: `${origin}/bff/callback`,
    scope: 'openid profile email offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    nonce: expectedNonce,
    ...parameters,
  })
  const last = await browser.signIn(url, 'alice', { until: (next) => next.origin === origin })
  const callback = new URL(last.headers.get('location') ?? '')
  const checks = { pkceCodeVerifier, expectedNonce }
  return client.authorizationCodeGrant(config, callback, checks)
}

describe('the demo provider', async () => {
  const provider = await startDemoProvider({ mark: 'MARKED-' })
  after(() => provider.close())

  test('a plain sign-in yields the claims, a refresh token and a JWT for the demo API', async () => {
    const tokens = await signIn(provider, createHttpBrowser())
    const claims = tokens.claims()
    assert.equal(claims?.name, 'Alice Appleton')
    assert.equal(claims?.email, 'alice@example.com')
    assert.equal(claims?.acr, demoAcr.single)
    assert.equal(typeof claims?.sid, 'string')
    assert.equal(typeof claims?.auth_time, 'number')
    assert.ok(tokens.refresh_token?.startsWith('MARKED-'))
    assert.equal(tokens.expires_in, 30)
    const access = decodeJwt(tokens.access_token)
    assert.equal(access.aud, demoApiResource)
    assert.equal(access.acr, demoAcr.single)
    assert.ok(provider.issued.some(({ value }) => value === tokens.id_token))
  })

  test('a known browser signs in without a page, and with prompt=none', async () => {
    const browser = createHttpBrowser()
    await signIn(provider, browser)
    assert.ok((await signIn(provider, browser, { prompt: 'none' })).access_token)
    await assert.rejects(signIn(provider, createHttpBrowser(), { prompt: 'none' }), {
      error: 'login_required',
    })
  })

  test('acr_values raises a sign-in that was too weak', async () => {
    const browser = createHttpBrowser()
    await signIn(provider, browser)
    const tokens = await signIn(provider, browser, { acr_values: demoAcr.double })
    assert.equal(tokens.claims()?.acr, demoAcr.double)
  })

  test('a token for a further resource comes with a refresh', async () => {
    const config = await configure(provider)
    const { refresh_token = '' } = await signIn(provider, createHttpBrowser())
    const resource = 'urn:cloakroom:demo-reports'
    const tokens = await client.refreshTokenGrant(config, refresh_token, { resource })
    assert.equal(decodeJwt(tokens.access_token).aud, resource)
  })

  test('the reuse of a refresh token ends its family and no other', async () => {
    const config = await configure(provider)
    const browser = createHttpBrowser()
    const other = (await signIn(provider, browser)).refresh_token ?? ''
    const first = (await signIn(provider, browser)).refresh_token ?? ''
    const second = (await client.refreshTokenGrant(config, first)).refresh_token ?? ''
    await assert.rejects(client.refreshTokenGrant(config, first), { error: 'invalid_grant' })
    assert.equal(await provider.isActive(second), false)
    assert.equal(await provider.isActive(other), true)
  })

  test('two refreshes at the same moment are reuse', async () => {
    const config = await configure(provider)
    const { refresh_token = '' } = await signIn(provider, createHttpBrowser())
    const both = [1, 2].map(() => client.refreshTokenGrant(config, refresh_token))
    const outcomes = (await Promise.allSettled(both)).map(({ status }) => status)
    assert.deepEqual(outcomes.sort(), ['fulfilled', 'rejected'])
  })

  test('a revoked refresh token is inactive', async () => {
    const config = await configure(provider)
    const { refresh_token = '' } = await signIn(provider, createHttpBrowser())
    assert.equal(await provider.isActive(refresh_token), true)
    await client.tokenRevocation(config, refresh_token)
    assert.equal(await provider.isActive(refresh_token), false)
  })

  test('DPoP, PAR, form_post and client credentials work', async () => {
    const config = await configure(provider)
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair())
    const machine = await client.clientCredentialsGrant(config, undefined, { DPoP })
    assert.equal(machine.token_type, 'dpop')
    const pushed = await client.buildAuthorizationUrlWithPAR(config, {
      redirect_uri: `${origin}/bff/callback`,
      scope: 'openid',
      response_mode: 'form_post',
      code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    })
    const page = await createHttpBrowser().signIn(pushed)
    assert.match(page.body, /<form method="post" action="http:\/\/localhost:3000\/bff\/callback">/)
  })

  test('the token endpoint fails as it is told to', async () => {
    const config = await configure(provider)
    const before = provider.counters.token
    provider.controls.tokenFailure = 503
    await assert.rejects(client.clientCredentialsGrant(config))
    provider.controls.tokenFailure = 'lost'
    await assert.rejects(client.clientCredentialsGrant(config))
    provider.controls.tokenFailure = undefined
    await client.clientCredentialsGrant(config)
    assert.equal(provider.counters.token, before + 3)
  })
})

describe('the end of a session at the demo provider', () => {
  test('needs no confirmation and calls the back channel', async () => {
    const received: string[] = []
    const app = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      received.push(`${request.url} ${body}`)
      response.end()
    })
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
    const appOrigin = `http://localhost:${(app.address() as AddressInfo).port}`
    const publicOrigins = [appOrigin, origin]
    const provider = await startDemoProvider({ publicOrigins })
    const browser = createHttpBrowser()
    const { id_token = '' } = await signIn(provider, browser)

    const url = client.buildEndSessionUrl(await configure(provider), {
      post_logout_redirect_uri: `${origin}/bff/logout-callback`,
      id_token_hint: id_token,
      state: 'a-state',
    })
    const page = await browser.visit(url)
    assert.match(page.headers.get('content-security-policy') ?? '', /script-src 'sha256-/)
    const xsrf = /name="xsrf" value="(\w+)"/.exec(page.body)?.[1] ?? ''
    const action = /action="([^"]+)"/.exec(page.body)?.[1] ?? ''
    const body = new URLSearchParams({ xsrf, logout: 'yes' })
    const answer = await browser.send(action, { method: 'POST', body })

    assert.equal(answer.headers.get('location'), `${origin}/bff/logout-callback?state=a-state`)
    assert.match(received[0] ?? '', /^\/bff\/backchannel logout_token=ey/)
    await provider.close()
    await new Promise((resolve) => app.close(resolve))
  })
})

describe('a restarted demo provider', () => {
  test('still knows its keys, people and refresh tokens', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'demo-provider-'))
    const stateFile = join(directory, 'state.json')
    const options: DemoProviderOptions = { stateFile, clientSecret: 'the-same-at-both-starts' }
    const first = await startDemoProvider(options)
    const browser = createHttpBrowser()
    const { refresh_token = '' } = await signIn(first, browser)
    await first.close()
    const second = await startDemoProvider({ ...options, issuer: first.issuer })
    assert.equal(await second.isActive(refresh_token), true)
    await second.close()
    rmSync(directory, { recursive: true })
  })
})
