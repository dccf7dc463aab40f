import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StoreUnavailableError } from '#lib/store/key-value.ts'
import { request } from './support/raw-http.ts'
import {
  answerJson,
  type RemoteFixtureOptions,
  startUpstream,
  withRemote,
} from './support/remote-fixture.ts'

const codeOf = (answer: { body: string }) => JSON.parse(answer.body).code

describe('token kinds', () => {
  const anonymous = { headers: { cookie: '' } }
  const clientToken = () => ({ kind: 'bearer', token: 'machine' }) as const
  const failing = { userToken: () => ({ kind: 'failed', code: 'token_unavailable' }) as const }

  for (const [token, signedIn, signedOut] of [
    ['user', 'Bearer token-of-alice', 401],
    ['client', 'Bearer machine', 'Bearer machine'],
    ['user-or-client', 'Bearer token-of-alice', 'Bearer machine'],
    ['user-or-none', 'Bearer token-of-alice', undefined],
    ['none', undefined, undefined],
  ] as const) {
    it(`${token}: signed in ${signedIn}, signed out ${signedOut}`, async () => {
      const remote = { token, client: 'catalog' }
      await withRemote({ remote, clientToken }, async ({ port, upstream }) => {
        assert.equal((await request(port, '/api/remote/api/x')).status, 200)
        assert.equal(upstream.requests[0]?.headers.authorization, signedIn)
        const answer = await request(port, '/api/remote/api/x', anonymous)
        if (signedOut === 401) {
          assert.equal(answer.status, 401)
          assert.equal(codeOf(answer), 'not_signed_in')
          assert.equal(upstream.requests.length, 1)
        } else assert.equal(upstream.requests[1]?.headers.authorization, signedOut)
      })
    })
  }

  for (const token of ['user', 'user-or-client', 'user-or-none'] as const) {
    it(`${token}: a signed-in user’s failing token is never replaced by another or by none`, async () => {
      const remote = { token, client: 'catalog' }
      await withRemote({ remote, clientToken, ...failing }, async ({ port, upstream }) => {
        const answer = await request(port, '/api/remote/api/x')
        assert.deepEqual([answer.status, codeOf(answer)], [503, 'token_unavailable'])
        assert.ok(answer.headers['retry-after'])
        assert.equal(upstream.requests.length, 0)
      })
      const none = { userToken: () => ({ kind: 'none' }) as const }
      await withRemote({ remote, clientToken, ...none }, async ({ port, upstream }) => {
        assert.equal((await request(port, '/api/remote/api/x')).status, 503)
        assert.equal(upstream.requests.length, 0)
      })
    })
  }

  it('a hook decides with what it is told, and cannot swallow a failing token by not looking', async () => {
    const hook: RemoteFixtureOptions['remotes'][number]['token'] = async (context) => {
      if (!context.user) return undefined
      return `${context.method}:${context.path}:${context.user.sub}:${await context.userToken()}`
    }
    await withRemote({ remote: { token: hook } }, async ({ port, upstream }) => {
      await request(port, '/api/remote/api/x?y')
      assert.equal(
        upstream.requests[0]?.headers.authorization,
        'Bearer GET:/x?y:alice:token-of-alice',
      )
      await request(port, '/api/remote/api/x', anonymous)
      assert.equal(upstream.requests[1]?.headers.authorization, undefined)
    })
    await withRemote({ remote: { token: hook }, ...failing }, async ({ port, upstream }) => {
      assert.equal((await request(port, '/api/remote/api/x')).status, 503)
      assert.equal(upstream.requests.length, 0)
    })
  })

  it('an exchange takes the place of the user’s token', async () => {
    const remote = { exchange: { audience: 'legacy' } }
    const exchangedToken = () => Promise.resolve({ kind: 'bearer', token: 'exchanged' } as const)
    await withRemote({ remote, exchangedToken }, async ({ port, upstream }) => {
      await request(port, '/api/remote/api/x')
      assert.equal(upstream.requests[0]?.headers.authorization, 'Bearer exchanged')
    })
  })

  it('S8: a store that does not answer is 503, and nobody is signed out', async () => {
    for (const readSession of [
      () => Promise.reject(new StoreUnavailableError('down')),
      () => {
        throw new StoreUnavailableError('down')
      },
    ]) {
      await withRemote({ readSession }, async ({ port, upstream }) => {
        const answer = await request(port, '/api/remote/api/x')
        assert.deepEqual([answer.status, codeOf(answer)], [503, 'store_unavailable'])
        assert.ok(answer.headers['retry-after'])
        assert.equal(answer.headers['set-cookie'], undefined)
        assert.equal(upstream.requests.length, 0)
      })
    }
  })

  it('S5: a session cookie that has to be renewed is, on an answer and on a problem', async () => {
    const setCookie = 'bff=renewed; HttpOnly'
    const session = { record: { sub: 'alice' } } as never
    const readSession = () => ({ kind: 'session', session, setCookie }) as const
    await withRemote({ readSession }, async ({ port }) => {
      assert.equal((await request(port, '/api/remote/api/x')).headers['set-cookie'], setCookie)
    })
    await withRemote({ readSession, ...failing }, async ({ port }) => {
      assert.equal((await request(port, '/api/remote/api/x')).headers['set-cookie'], setCookie)
    })
  })
})

describe('P3, P4: headers on the wire', () => {
  it('carry the proxy’s word about the request, and no secret of the browser’s', async () => {
    const remote = { headers: { add: { 'X-Tenant': 'a1' }, remove: ['x-debug'], expose: [] } }
    await withRemote({ remote, trustProxy: ['10.0.0.0/8'] }, async ({ port, upstream }) => {
      await request(port, '/api/remote/api/x', {
        headers: {
          authorization: 'Bearer smuggled',
          dpop: 'smuggled',
          'x-csrf': '1',
          'x-debug': '1',
          'x-tenant': 'evil',
          'x-forwarded-for': '6.6.6.6',
          'x-forwarded-proto': 'http',
          'x-forwarded-host': 'evil.example',
          forwarded: 'for=6.6.6.6',
          'x-middleware-subrequest': 'middleware',
          remote_user: 'root',
          'x-request-id': 'sane-request-id-1',
          via: '1.0 before',
          connection: 'close, x-hop',
          'x-hop': '1',
        },
      })
      const headers = { ...upstream.requests[0]?.headers }
      assert.deepEqual(headers, {
        host: upstream.origin.slice('http://'.length),
        connection: 'keep-alive',
        'sec-fetch-site': 'same-origin',
        via: '1.0 before, 1.1 cloakroom',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-host': 'app.example',
        'x-forwarded-port': '443',
        'x-forwarded-proto': 'https',
        'x-forwarded-prefix': '/api/remote/api',
        'x-request-id': 'sane-request-id-1',
        'x-tenant': 'a1',
        authorization: 'Bearer token-of-alice',
      })
    })
  })

  it('A50: carry a sound traceparent and its tracestate, and never one that we made up', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    const tracestate = 'vendor=1'
    await withRemote({}, async ({ port, upstream }) => {
      for (const headers of [{ traceparent, tracestate }, { tracestate }, {}]) {
        await request(port, '/api/remote/api/x', { headers })
      }
      const broken = { traceparent: 'broken', tracestate }
      await request(port, '/api/remote/api/x', { headers: broken })
      const seen = upstream.requests.map((it) => [it.headers.traceparent, it.headers.tracestate])
      const none = [undefined, undefined]
      assert.deepEqual(seen, [[traceparent, tracestate], none, none, none])
    })
  })

  it('P26: tell the API of the browser’s request, unless it shall not be told', async () => {
    for (const [publicOrigin, proto, port] of [
      ['https://app.example', 'https', '443'],
      ['https://app.example:8443', 'https', '8443'],
      ['http://app.example', 'http', '80'],
      ['http://localhost:3000', 'http', '3000'],
    ] as const) {
      await withRemote({ publicOrigin }, async ({ port: ours, upstream }) => {
        await request(ours, '/api/remote/api/x', { headers: { 'x-forwarded-port': '1' } })
        const headers = upstream.requests[0]?.headers ?? {}
        assert.equal(headers['x-forwarded-proto'], proto)
        assert.equal(headers['x-forwarded-port'], port)
        assert.equal(headers['x-forwarded-host'], publicOrigin.split('//')[1])
      })
    }
    const remote = { forwarded: 'none' } as const
    await withRemote({ remote, trustProxy: ['127.0.0.0/8'] }, async ({ port, upstream }) => {
      await request(port, '/api/remote/api/x', { headers: { 'x-forwarded-for': '203.0.113.9' } })
      const headers = upstream.requests[0]?.headers ?? {}
      const told = Object.keys(headers).filter((name) => name.startsWith('x-forwarded'))
      assert.deepEqual(told, [])
      assert.ok(headers.via)
    })
  })

  it('P34: continue a trusted proxy’s chain of addresses, from the client on', async () => {
    await withRemote({ trustProxy: ['127.0.0.0/8'] }, async ({ port, upstream }) => {
      for (const list of ['203.0.113.9', '6.6.6.6, 203.0.113.9:5000', 'x, [::1], 203.0.113.9']) {
        const headers = { 'x-forwarded-for': list }
        await request(port, '/api/remote/api/x', { headers })
        const seen = upstream.requests.at(-1)?.headers['x-forwarded-for']
        assert.equal(seen, '203.0.113.9, 127.0.0.1', list)
      }
    })
  })

  it('A19: hold no Forwarded, and nobody believes it', async () => {
    await withRemote({ trustProxy: ['127.0.0.0/8'] }, async ({ port, upstream }) => {
      const headers = { forwarded: 'for=6.6.6.6;host=evil.example;proto=http' }
      await request(port, '/api/remote/api/x', { headers })
      const seen = upstream.requests[0]?.headers
      assert.equal(seen?.forwarded, undefined)
      assert.equal(seen?.['x-forwarded-for'], '127.0.0.1')
      assert.equal(seen?.['x-forwarded-host'], 'app.example')
    })
  })

  it('P12: are the same whatever a request says about middleware', async () => {
    await withRemote({}, async ({ port, upstream }) => {
      const headers = { cookie: '', 'x-middleware-subrequest': 'src/middleware:middleware' }
      assert.equal((await request(port, '/api/remote/api/x', { headers })).status, 401)
      assert.equal(upstream.requests.length, 0)
    })
  })

  it('S2: an answer holds no token, though the API may echo what it got', async () => {
    await withRemote({}, async ({ port }) => {
      for (const method of ['TRACE', 'TRACK']) {
        const answer = await request(port, '/api/remote/api/x', { method })
        assert.ok(answer.status === 405 || answer.status === 400, `${method}: ${answer.status}`)
        assert.doesNotMatch(JSON.stringify(answer), /token-of/)
      }
    })
  })
})

describe('P9: limits', () => {
  it('refuse a method that is not listed, and name those that are', async () => {
    await withRemote({ remote: { methods: ['GET', 'POST'] } }, async ({ port, upstream }) => {
      const answer = await request(port, '/api/remote/api/x', { method: 'DELETE' })
      assert.deepEqual([answer.status, codeOf(answer)], [405, 'method_not_allowed'])
      assert.equal(answer.headers.allow, 'GET, HEAD, POST')
      assert.equal((await request(port, '/api/remote/api/x', { method: 'HEAD' })).status, 200)
      assert.deepEqual(
        upstream.requests.map(({ method }) => method),
        ['HEAD'],
      )
    })
  })

  it('refuse a body that is too large before it is sent, or as soon as it is', async () => {
    const upstream = await startUpstream((incoming, response) => {
      incoming.on('error', () => undefined)
      incoming.resume().on('end', () => answerJson(response))
    })
    await withRemote({ upstream, remote: { maxBodyBytes: 100_000 } }, async ({ port }) => {
      const send = (body: string, headers: Record<string, string> = {}) =>
        request(port, '/api/remote/api/x', { method: 'POST', body, headers })
      assert.equal((await send('x'.repeat(100_000))).status, 200)
      const told = await send('x'.repeat(100_001))
      assert.deepEqual([told.status, codeOf(told)], [413, 'body_too_large'])
      assert.equal(upstream.requests.length, 1)
      const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`
      const chunked = { 'content-length': '', 'transfer-encoding': 'chunked' }
      const counted = await send(`${chunk.repeat(4)}0\r\n\r\n`, chunked)
      assert.deepEqual([counted.status, codeOf(counted)], [413, 'body_too_large'])
      assert.equal((await send(`${chunk.repeat(3)}0\r\n\r\n`, chunked)).status, 200)
    })
  })
})
