import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import { dpopThumbprint, generateDpopKey } from '#lib/oidc/dpop-key.ts'
import { createNonceMemory } from '#lib/oidc/nonce-memory.ts'
import { createDpopSigners } from '#lib/tokens/dpop.ts'
import { tokenExchange } from './stand-ins/provider-exchange.ts'
import { type DemoStack, startDemoStack } from './support/demo-stack.ts'
import { reportsResource } from './support/guarded-stack.ts'
import { createHttpBrowser } from './support/http-browser.ts'

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

const sign = createDpopSigners({ nonces: createNonceMemory() })

describe('the demo provider’s token exchange (RFC 8693)', () => {
  let app: DemoStack
  /** Of Alice, for the demo API. */
  let plain: string

  before(async () => {
    app = await startDemoStack({ provider: { accessTokenSeconds: 300 } })
    const browser = createHttpBrowser()
    await browser.signIn(`${app.origin}/bff/login`)
    const headers = { 'sec-fetch-site': 'same-origin' }
    await browser.send(`${app.origin}/api/remote/orders`, { headers })
    plain = app.api.received.at(-1)?.headers.authorization?.replace('Bearer ', '') ?? ''
  })
  after(() => app.close())

  const proofOf = (key: JsonWebKey) => sign(key).proof('POST', `${app.provider.issuer}/token`)

  async function exchange(parameters: Record<string, string>, prover?: JsonWebKey | string) {
    const { issuer, clientId, clientSecret } = app.provider
    const credentials = Buffer.from(`${clientId}:${encodeURIComponent(clientSecret)}`)
    const response = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${credentials.toString('base64')}`,
        ...(prover ? { dpop: typeof prover === 'string' ? prover : await proofOf(prover) } : {}),
      },
      body: new URLSearchParams({
        grant_type: tokenExchange,
        subject_token_type: accessTokenType,
        resource: reportsResource,
        ...parameters,
      }),
    })
    return { status: response.status, answer: await response.json() }
  }

  test('gives a token of the user for the resource, with no more scope than it has', async () => {
    const { status, answer } = await exchange({
      subject_token: plain,
      scope: 'reports.read orders.write',
    })
    assert.equal(status, 200)
    const { access_token, ...rest } = answer
    assert.deepEqual(rest, {
      issued_token_type: accessTokenType,
      token_type: 'Bearer',
      expires_in: 300,
      scope: 'reports.read',
    })
    const { sub, aud, scope } = decodeJwt(access_token)
    assert.deepEqual([sub, aud, scope], ['alice', reportsResource, 'reports.read'])
  })

  test('refuses what is no token of its own, and a resource that is not there', async () => {
    const refusals = [
      [{ subject_token: 'x.y.z' }, 'invalid_grant'],
      [{ subject_token: `${plain.slice(0, -9)}AAAAAAAAA` }, 'invalid_grant'],
      [{ subject_token: plain, resource: 'urn:nobody' }, 'invalid_target'],
      [{ subject_token: plain, subject_token_type: 'urn:other' }, 'invalid_request'],
      [{}, 'invalid_request'],
    ] as const
    for (const [parameters, error] of refusals) {
      const { status, answer } = await exchange(parameters)
      assert.deepEqual([status, answer.error], [400, error], JSON.stringify(parameters))
    }
  })
  test('binds to the key of the proof, and takes a bound token with that proof only', async () => {
    const [mine, another] = [await generateDpopKey(), await generateDpopKey()]
    const { answer } = await exchange({ subject_token: plain }, mine)
    assert.equal(answer.token_type, 'DPoP')
    const cnf = decodeJwt<{ cnf: { jkt: string } }>(answer.access_token).cnf
    assert.equal(cnf.jkt, await dpopThumbprint(mine))
    const bound = { subject_token: answer.access_token }
    assert.equal((await exchange(bound)).answer.error, 'invalid_grant')
    assert.equal((await exchange(bound, another)).answer.error, 'invalid_grant')
    assert.equal((await exchange(bound, mine)).status, 200)
    const proof = await proofOf(mine)
    const replayed = [await exchange(bound, proof), await exchange(bound, proof)]
    assert.deepEqual(
      replayed.map(({ status }) => status),
      [200, 400],
    )
  })
})
