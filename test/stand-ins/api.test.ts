import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, describe, test } from 'node:test'
import * as client from 'openid-client'
import { startDemoApi } from './api.ts'
import { demoBytes } from './api-routes.ts'
import { startDemoProvider } from './provider.ts'
import { demoAcr } from './provider-config.ts'

describe('the demo API', async () => {
  const provider = await startDemoProvider()
  const api = await startDemoApi({ issuer: provider.issuer })
  after(async () => {
    await api.close()
    await provider.close()
  })
  const config = await client.discovery(
    new URL(provider.issuer),
    provider.clientId,
    provider.clientSecret,
    undefined,
    { execute: [client.allowInsecureRequests] },
  )
  const { access_token } = await client.clientCredentialsGrant(config)

  function call(path: string, init: RequestInit = {}) {
    const headers = { authorization: `Bearer ${access_token}`, ...init.headers }
    return fetch(api.url + path, { ...init, headers })
  }

  test('answers the news to everybody and orders to a token of its audience only', async () => {
    assert.equal((await fetch(`${api.url}/public/news`)).status, 200)
    assert.equal((await fetch(`${api.url}/orders`)).status, 401)
    assert.equal((await call('/orders')).status, 200)
    const reports = await client.clientCredentialsGrant(config, {
      resource: 'urn:cloakroom:demo-reports',
    })
    const headers = { authorization: `Bearer ${reports.access_token}` }
    const refused = await call('/orders', { headers })
    assert.equal(refused.status, 401)
    assert.match(refused.headers.get('www-authenticate') ?? '', /error="invalid_token"/)
  })

  test('echoes what it was sent, but not the token', async () => {
    const options = { method: 'PATCH', body: 'abc', headers: { 'x-probe': 'yes' } }
    const answer = await call('/orders/echo?a=1&a=2', options)
    const text = await answer.text()
    const body = JSON.parse(text)
    assert.equal(body.method, 'PATCH')
    assert.equal(body.headers['x-probe'], 'yes')
    assert.deepEqual(body.query.flat(), ['a', '1', 'a', '2'])
    assert.equal(body.body.sha256, createHash('sha256').update('abc').digest('hex'))
    assert.equal(body.token.client_id, provider.clientId)
    assert.equal(text.includes(access_token.slice(-20)), false)
  })

  test('sends and counts bytes', async () => {
    const bytes = 200_000
    const sent = Buffer.from(await (await call(`/orders/download?bytes=${bytes}`)).arrayBuffer())
    assert.deepEqual(sent, Buffer.concat([...demoBytes(bytes)]))
    const counted = await (await call('/orders/upload', { method: 'POST', body: sent })).json()
    const sha256 = createHash('sha256').update(sent).digest('hex')
    assert.deepEqual(counted, { bytes, sha256 })
  })

  test('asks for a stronger sign-in (RFC 9470)', async () => {
    const answer = await call('/orders/step-up')
    assert.equal(answer.status, 401)
    const challenge = answer.headers.get('www-authenticate') ?? ''
    assert.match(challenge, /insufficient_user_authentication/)
    assert.ok(challenge.includes(`acr_values="${demoAcr.double}"`))
    await answer.body?.cancel()
  })

  test('sends events', async () => {
    const text = await (await call('/orders/stream?count=3&ms=1')).text()
    assert.equal(text.match(/^data: /gm)?.length, 3)
  })

  test('accepts a bound token with its proof only (RFC 9449)', async () => {
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair())
    const bound = await client.clientCredentialsGrant(config, undefined, { DPoP })
    const headers = { authorization: `DPoP ${bound.access_token}` }
    assert.equal((await call('/orders', { headers })).status, 401)
    const answer = await client.fetchProtectedResource(
      config,
      bound.access_token,
      new URL(`${api.url}/orders`),
      'GET',
      undefined,
      undefined,
      { DPoP },
    )
    assert.equal(answer.status, 200)
  })
})
