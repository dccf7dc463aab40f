import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import type { DpopSigner, TokenResult } from '#lib/tokens/token-result.ts'
import { request } from './support/raw-http.ts'
import { answerJson, startRemote, startUpstream } from './support/remote-fixture.ts'

const codeOf = (answer: { body: string }) => JSON.parse(answer.body).code

/** An API that knows which tokens it likes; the others get a 401 with this challenge. */
function startPickyUpstream(
  likes: (request: IncomingMessage) => boolean,
  challenge: Record<string, string> = { 'www-authenticate': 'Bearer error="invalid_token"' },
) {
  const bodies: string[] = []
  return startUpstream((incoming, response) => {
    let body = ''
    incoming.on('data', (chunk) => {
      body += chunk
    })
    incoming.on('end', () => {
      bodies.push(body)
      if (likes(incoming)) return answerJson(response, { body })
      response.writeHead(401, { ...challenge, 'content-type': 'text/plain' }).end('no such token')
    })
  })
}

const bearer = (token: string) => ({ kind: 'bearer', token }) as const
const renewing = (_: unknown, { rejected }: { rejected?: string }): TokenResult =>
  bearer(rejected === undefined ? 'old' : `new-after-${rejected}`)

describe('T12: an API’s 401', () => {
  it('leads to one forced refresh and one retry, with the same body', async () => {
    const upstream = await startPickyUpstream(
      ({ headers }) => headers.authorization === 'Bearer new-after-old',
    )
    for (const userToken of [
      renewing,
      (...of: Parameters<typeof renewing>) => Promise.resolve(renewing(...of)),
    ]) {
      const fixture = await startRemote({ remotes: [{ target: upstream.origin }], userToken })
      for (const [method, body] of [
        ['GET', undefined],
        ['POST', 'x'.repeat(60_000)],
        ['DELETE', 'gone'],
      ] as const) {
        const before = upstream.requests.length
        const options = body === undefined ? { method } : { method, body }
        const answer = await request(fixture.port, '/api/remote/api/x', options)
        assert.equal(answer.status, 200)
        assert.equal(JSON.parse(answer.body).body, body ?? '')
        assert.equal(upstream.requests.length, before + 2)
      }
      await fixture.idle()
      await fixture.close()
    }
    await upstream.close()
  })

  it('is passed on when it comes a second time', async () => {
    const upstream = await startPickyUpstream(() => false)
    const fixture = await startRemote({
      remotes: [{ target: upstream.origin }],
      userToken: renewing,
    })
    const answer = await request(fixture.port, '/api/remote/api/x')
    assert.deepEqual([answer.status, answer.body, answer.complete], [401, 'no such token', true])
    assert.equal(answer.headers['www-authenticate'], 'Bearer error="invalid_token"')
    assert.equal(upstream.requests.length, 2)
    await fixture.close()
    await upstream.close()
  })

  it('is passed on when there is no other token, or the body cannot be sent again', async () => {
    const upstream = await startPickyUpstream(() => false)
    const target = upstream.origin
    const same = await startRemote({ remotes: [{ target }], userToken: () => bearer('only') })
    const answer = await request(same.port, '/api/remote/api/x')
    assert.deepEqual([answer.status, answer.body], [401, 'no such token'])
    assert.equal(upstream.requests.length, 1)
    const large = { method: 'POST', body: 'x'.repeat(70_000) }
    assert.equal((await request(same.port, '/api/remote/api/x', large)).body, 'no such token')
    const none = await startRemote({ remotes: [{ target, token: 'none' }] })
    assert.equal((await request(none.port, '/api/remote/api/x')).body, 'no such token')
    assert.equal(upstream.requests.length, 3)
    const next = await startRemote({
      remotes: [{ target }],
      userToken: (_session, { rejected }) => bearer(rejected ? 'next' : 'only'),
    })
    assert.equal((await request(next.port, '/api/remote/api/x', large)).body, 'no such token')
    assert.equal(upstream.requests.length, 4)
    for (const fixture of [next, none, same]) await fixture.close()
    await upstream.close()
  })

  it('ends in the refresh’s own failure where that failed', async () => {
    const upstream = await startPickyUpstream(() => false)
    for (const [code, status] of [
      ['session_expired', 401],
      ['token_unavailable', 503],
    ] as const) {
      const fixture = await startRemote({
        remotes: [{ target: upstream.origin }],
        userToken: async (_, { rejected }) =>
          rejected === undefined ? bearer('old') : { kind: 'failed', code },
      })
      const answer = await request(fixture.port, '/api/remote/api/x')
      assert.deepEqual([answer.status, codeOf(answer)], [status, code])
      await fixture.idle()
      await fixture.close()
    }
    await upstream.close()
  })

  it('renews a machine’s token as well', async () => {
    const upstream = await startPickyUpstream(
      ({ headers }) => headers.authorization === 'Bearer new',
    )
    const fixture = await startRemote({
      remotes: [{ target: upstream.origin, token: 'client', client: 'catalog' }],
      clientToken: async (_, { rejected }) => bearer(rejected === undefined ? 'old' : 'new'),
    })
    assert.equal((await request(fixture.port, '/api/remote/api/x')).status, 200)
    await fixture.close()
    await upstream.close()
  })

  it('T13: that asks for a stronger sign-in becomes a problem with the login URL', async () => {
    const upstream = await startPickyUpstream(() => false, {
      'www-authenticate':
        'Bearer error="insufficient_user_authentication", acr_values="gold", max_age="60"',
    })
    const fixture = await startRemote({
      remotes: [{ target: upstream.origin }],
      userToken: renewing,
    })
    const answer = await request(fixture.port, '/api/remote/api/x')
    assert.deepEqual([answer.status, codeOf(answer)], [401, 'step_up_required'])
    assert.equal(JSON.parse(answer.body).loginUrl, '/bff/login?acr_values=gold&max_age=60')
    assert.equal(upstream.requests.length, 1)
    await fixture.close()
    await upstream.close()
  })
})

describe('T10: DPoP towards an API', () => {
  function createSigner() {
    const nonces: string[] = []
    let count = 0
    const signer: DpopSigner = {
      async proof(method, url) {
        count += 1
        return `proof-${count}:${method}:${url}:${nonces.at(-1) ?? ''}`
      },
      rememberNonce(_url, nonce) {
        nonces.push(nonce)
      },
    }
    return { signer, nonces }
  }

  it('sends a proof with each call, and once more with the nonce that the API asked for', async () => {
    const upstream = await startUpstream((incoming, response) => {
      const proof = String(incoming.headers.dpop)
      response.setHeader('dpop-nonce', `n${upstream.requests.length}`)
      if (proof.endsWith(':')) {
        response.writeHead(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce"' }).end()
      } else answerJson(response)
    })
    const { signer, nonces } = createSigner()
    const fixture = await startRemote({
      remotes: [{ target: upstream.origin, dpop: true }],
      userToken: () => ({ kind: 'dpop', token: 'bound', signer }),
    })
    const answer = await request(fixture.port, '/api/remote/api/x?y=1')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['dpop-nonce'], undefined)
    const url = `${upstream.origin}/x?y=1`
    assert.deepEqual(
      upstream.requests.map(({ headers }) => [headers.authorization, headers.dpop]),
      [
        ['DPoP bound', `proof-1:GET:${url}:`],
        ['DPoP bound', `proof-2:GET:${url}:n1`],
      ],
    )
    assert.deepEqual(nonces, ['n1', 'n2'])
    await fixture.close()
    await upstream.close()
  })

  it('T16: a second challenge is passed on, and renews nothing', async () => {
    const challenge = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n' }
    const upstream = await startPickyUpstream(() => false, challenge)
    const { signer } = createSigner()
    const fixture = await startRemote({
      remotes: [{ target: upstream.origin }],
      userToken: (_, { rejected }) => ({ kind: 'dpop', token: `after-${rejected}`, signer }),
    })
    const answer = await request(fixture.port, '/api/remote/api/x')
    assert.deepEqual([answer.status, answer.body], [401, 'no such token'])
    const sent = upstream.requests.map(({ headers }) => headers.authorization)
    assert.deepEqual(sent, ['DPoP after-undefined', 'DPoP after-undefined'])
    await fixture.close()
    await upstream.close()
  })

  it('never falls back to a Bearer token', async () => {
    const upstream = await startUpstream()
    const fixture = await startRemote({ remotes: [{ target: upstream.origin, dpop: true }] })
    // The session has no key, so it is from before DPoP was switched on: one sign-in heals that.
    const answer = await request(fixture.port, '/api/remote/api/x')
    assert.deepEqual([answer.status, codeOf(answer)], [401, 'session_expired'])
    assert.equal(upstream.requests.length, 0)
    await fixture.close()
    await upstream.close()
  })
})

describe('S9: no user’s token is ever another’s', () => {
  it('holds for 20 users and 500 interleaved calls with delays, refreshes and nonce challenges', async () => {
    const refused = new Set<string>()
    const upstream = await startUpstream(async (incoming, response) => {
      const authorization = String(incoming.headers.authorization)
      await pause()
      const wantsNonce = authorization.startsWith('DPoP') && Math.random() < 0.5
      const complaint = `${incoming.url} ${wantsNonce}`
      if (Math.random() < 0.4 && !refused.has(complaint)) {
        refused.add(complaint)
        const challenge = wantsNonce
          ? 'DPoP error="use_dpop_nonce"'
          : 'Bearer error="invalid_token"'
        response.writeHead(401, { 'www-authenticate': challenge, 'dpop-nonce': 'n' }).end()
      } else
        answerJson(response, { authorization, proof: incoming.headers.dpop, url: incoming.url })
    })
    const pauses = () => (Math.random() < 0.5 ? pause() : undefined)
    const fixture = await startRemote({
      remotes: [{ target: upstream.origin }],
      userToken: (session, { rejected }) => {
        const { sub } = session.record
        const version = rejected === undefined ? 0 : Number(rejected.split('-')[1]) + 1
        const token = `${sub}-${version}`
        const signer: DpopSigner = {
          proof: async () => {
            await pauses()
            return `proof-of-${token}`
          },
          rememberNonce: () => undefined,
        }
        const isBound = Number(sub.slice(1)) % 2 === 0
        const result: TokenResult = isBound ? { kind: 'dpop', token, signer } : bearer(token)
        const waiting = pauses()
        return waiting ? waiting.then(() => result) : result
      },
    })
    await Promise.all(
      Array.from({ length: 500 }, async (_, call) => {
        const user = `u${call % 20}`
        const options = { headers: { cookie: `sid=${user}` } }
        const answer = await request(fixture.port, `/api/remote/api/${call}`, options)
        assert.equal(answer.status, 200)
        const { authorization, proof, url } = JSON.parse(answer.body)
        assert.equal(url, `/${call}`)
        assert.match(authorization, new RegExp(` ${user}-\\d$`))
        if (authorization.startsWith('DPoP')) assert.match(proof, new RegExp(`proof-of-${user}-`))
      }),
    )
    await fixture.close()
    await upstream.close()
  })
})

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
}
