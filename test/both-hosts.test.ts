import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { describeOnBothHosts } from './support/both-hosts.ts'
import { variedBodies } from './support/content-codings.ts'
import { cookiesOf } from './support/cookie-names.ts'
import { brokenAnswers, commands } from './support/hostile-api.ts'
import { pageStatus } from './support/page-status.ts'
import { type RawAnswer, rawRequest } from './support/raw-http.ts'
import { until } from './support/remote-fixture.ts'

const codeOf = ({ body }: RawAnswer) => JSON.parse(body).code

describeOnBothHosts('the proxy', (at) => {
  it('P3: headers: no secret of the browser arrives, and no claim of the client', async () => {
    at.api.forget()
    await at.send('GET', '/api/remote/api/x', [
      ...['Authorization: Bearer smuggled', 'DPoP: smuggled', 'X-CSRF: 1', 'REMOTE_USER: root'],
      ...['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Host: evil.example', 'Forwarded: for=6.6.6.6'],
      ...['X-Forwarded-Proto: gopher', 'X-Original-URL: /admin', 'X-Rewrite-URL: /admin'],
      ...['X-Middleware-Subrequest: middleware', 'X-HTTP-Method-Override: DELETE', 'X_User: eve'],
      ...['Connection: close, X-Hop, Authorization', 'X-Hop: 1', 'TE: trailers', 'X-App: kept'],
      ...['Proxy-Authorization: Basic eDp5', 'X-Vercel-Id: 1', 'Via: 1.0 before'],
    ])
    const { headers } = at.api.seen[0] ?? assert.fail('nothing arrived')
    assert.match(headers.authorization ?? '', /^Bearer (?!smuggled)/)
    assert.equal(headers['x-app'], 'kept')
    assert.equal(headers['x-forwarded-host'], `localhost:${at.running.port}`)
    assert.equal(headers['x-forwarded-proto'], 'http')
    assert.equal(headers.via, '1.0 before, 1.1 cloakroom')
    assert.doesNotMatch(String(headers['x-forwarded-for']), /6\.6/)
    for (const name of [
      ...['cookie', 'dpop', 'x-csrf', 'remote_user', 'x_user', 'forwarded', 'x-original-url'],
      ...['x-middleware-subrequest', 'x-hop', 'te', 'proxy-authorization', 'x-vercel-id'],
    ]) {
      assert.equal(headers[name], undefined, name)
    }
  })

  it('P32: headers: what an API believes of its gateway does not come from a browser', async () => {
    at.api.forget()
    const claims = [
      ...['X-Client-IP', 'CF-Connecting-IP', 'X-Forwarded', 'Remote-User', 'X-WebAuth-User'],
      ...['X-MS-Client-Principal', 'X-Goog-Authenticated-User-Email', 'X-Amzn-Oidc-Data'],
      ...['X-SSL-Client-Verify', 'X-Envoy-External-Address', 'X-Vercel-Forwarded-For'],
    ]
    const kept = ['X-Vercel-AI-Data', 'X-Own']
    await at.send(
      'GET',
      '/api/remote/api/x',
      [...claims, ...kept].map((name) => `${name}: 6.6.6.6`),
    )
    const { headers } = at.api.seen[0] ?? assert.fail('nothing arrived')
    const arrived = Object.keys(headers).filter((name) => headers[name] === '6.6.6.6')
    assert.deepEqual(arrived.sort(), ['x-own', 'x-vercel-ai-data'])
  })

  it('P15: two Content-Type lines are answered, in a sandbox, and hold nothing', async () => {
    for (let i = 0; i < 3; i += 1) {
      const answer = await at.send('GET', '/api/remote/api/typed-twice')
      assert.deepEqual([answer.status, answer.body, answer.complete], [200, '<p>', true])
      assert.equal(answer.headers['content-security-policy'], 'sandbox')
    }
    await at.assertWell()
  })

  it('P4: headers: an API commands neither the browser nor the servers on the way', async () => {
    const answer = await at.send('GET', '/api/remote/api/commands')
    assert.equal(answer.status, 200)
    for (const [name, value] of commands) {
      const passed = String(answer.headers[name.toLowerCase()] ?? '')
      assert.ok(!passed.includes(value), `${name}: ${passed}`)
    }
    assert.equal(answer.headers['cache-control'], 'private, no-store')
    assert.equal(answer.headers['content-security-policy'], 'sandbox')
    assert.equal(answer.headers['x-content-type-options'], 'nosniff')
  })

  it('P6: whoever leaves in mid-answer leaves nothing behind, 100 times', async () => {
    const leave = async (reset: boolean) => {
      const socket = connect(at.running.port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(`GET /api/remote/api/endless HTTP/1.1\r\n${at.head}\r\n`)
      await new Promise((resolve) => socket.once('data', resolve))
      if (reset) socket.resetAndDestroy()
      else socket.destroy()
    }
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(Array.from({ length: 10 }, (_, i) => leave(i % 2 === 0)))
    }
    await until(() => at.api.open === 0)
    await at.assertWell()
  })

  describe('P7: an API', () => {
    for (const [name, { status, cutsOff }] of Object.entries(brokenAnswers)) {
      it(`that says ${name}: ${status}`, async () => {
        const answer = await at.send('GET', `/api/remote/broken/${name}`)
        assert.equal(answer.status, status, answer.body)
        assert.equal(answer.complete, !cutsOff)
        // Nothing of it is left for whoever comes next.
        for (let i = 0; i < 3; i += 1) {
          const next = await at.send('GET', '/api/remote/broken/next')
          assert.deepEqual([next.status, next.body], [200, 'ok'])
        }
      })
    }

    it('that is not there, or silent, or answers before it was asked everything', async () => {
      assert.equal(codeOf(await at.send('GET', '/api/remote/down/x')), 'upstream_unreachable')
      assert.equal(codeOf(await at.send('GET', '/api/remote/small/silent')), 'upstream_timeout')
      const body = 'x'.repeat(90_000)
      const early = await at.send(
        'POST',
        '/api/remote/small/early',
        ['Content-Length: 90000'],
        body,
      )
      assert.deepEqual([early.status, early.body], [413, 'enough'])
      await at.assertWell()
    })

    it('is not kept by a client that stops in mid-upload', async () => {
      for (const length of [1000, 90_000]) {
        const lines = [`Content-Length: ${length}`]
        const answer = await at.send('POST', '/api/remote/small/x', lines, 'part')
        assert.deepEqual([answer.status, codeOf(answer)], [408, 'request_timeout'])
      }
      await until(() => at.api.open === 0)
    })
  })

  it('P8: redirects are passed on, into the app', async () => {
    const answer = await at.send('GET', '/api/remote/api/moved')
    assert.deepEqual([answer.status, answer.headers.location], [302, '/api/remote/api/there?x=1'])
  })

  it('P9: methods and bodies are limited', async () => {
    const refused = await at.send('DELETE', '/api/remote/small/x')
    assert.deepEqual([refused.status, refused.headers.allow], [405, 'GET, HEAD, POST'])
    for (const method of ['TRACE', 'TRACK', 'CONNECT', 'QQ', 'GET\t']) {
      at.api.forget()
      const text = `${method} /api/remote/api/x HTTP/1.1\r\n${at.head}\r\n`
      for (const status of await at.statusesOf(text)) {
        assert.ok(status >= 400 && status < 500, `${method}: ${status}`)
      }
      assert.equal(at.api.seen.length, 0, method)
    }
    const large = ['Content-Length: 102401']
    const told = await at.send('POST', '/api/remote/small/x', large, 'x'.repeat(102_401))
    assert.deepEqual([told.status, codeOf(told)], [413, 'body_too_large'])
    const chunks = `${`8000\r\n${'x'.repeat(0x8000)}\r\n`.repeat(4)}0\r\n\r\n`
    const counted = await at.send(
      'POST',
      '/api/remote/small/x',
      ['Transfer-Encoding: chunked'],
      chunks,
    )
    assert.deepEqual([counted.status, codeOf(counted)], [413, 'body_too_large'])
  })

  it('P10: HEAD, OPTIONS, 204, 304, ranges, 100 Continue and a DELETE with a body', async () => {
    const statusOf = async (method: string, path: string, lines: string[] = [], body = '') =>
      (await at.send(method, `/api/remote/api/${path}`, lines, body)).status
    assert.equal(await statusOf('HEAD', 'x'), 200)
    assert.equal(await statusOf('OPTIONS', 'x'), 200)
    assert.equal(await statusOf('GET', 'empty'), 204)
    assert.equal(await statusOf('GET', 'same', ['If-None-Match: "1"']), 304)
    assert.equal(await statusOf('GET', 'range', ['Range: bytes=0-1']), 206)
    const expecting = ['Content-Length: 4', 'Expect: 100-continue']
    assert.equal(await statusOf('POST', 'x', expecting, 'body'), 200)
    assert.equal(at.api.seen.at(-1)?.body, 'body')
    const chunked = ['Transfer-Encoding: chunked']
    assert.equal(await statusOf('DELETE', 'x', chunked, '4\r\nbody\r\n0\r\n\r\n'), 200)
    assert.deepEqual([at.api.seen.at(-1)?.method, at.api.seen.at(-1)?.body], ['DELETE', 'body'])
  })

  if (at.host === 'node') {
    it('P18: a WebSocket lives on after pages were served, until its session ends', async () => {
      const cookie = await at.signIn()
      const user = await fetch(`${at.running.origin}/bff/user`, {
        headers: { cookie, 'sec-fetch-site': 'same-origin' },
      })
      const claims = (await user.json()) as { type: string; value: string }[]
      const socket = connect(at.running.port, '127.0.0.1')
      let received = ''
      let isClosed = false
      socket.on('error', () => undefined)
      socket.on('close', () => {
        isClosed = true
      })
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1')
      })
      const lines = [
        ...['GET /api/remote/socket/chat HTTP/1.1', 'Host: localhost', `Cookie: ${cookie}`],
        ...[`Origin: ${at.running.origin}`, 'Connection: Upgrade', 'Upgrade: websocket'],
        ...['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
      ]
      socket.write(`${lines.join('\r\n')}\r\n\r\n`)
      await until(() => received.includes('\r\n\r\n') || isClosed)
      assert.match(received, /^HTTP\/1\.1 101 /)
      for (let i = 0; i < 20; i += 1) {
        socket.write(`message ${i};`)
        await until(() => received.endsWith(`message ${i};`) || isClosed)
        assert.equal(isClosed, false, `after ${i} messages`)
        const page = await fetch(`${at.running.origin}/`)
        assert.equal(page.status, pageStatus('/'))
        await page.body?.cancel()
      }
      const logoutUrl = claims.find(({ type }) => type === 'bff:logout_url')?.value
      await fetch(at.running.origin + logoutUrl, { headers: { cookie }, redirect: 'manual' })
      await until(() => isClosed)
    })
  }

  describe('P16: a compressed answer', () => {
    const codings = [
      ...['gzip', 'x-gzip', 'br', 'zstd', 'deflate', 'bare', 'identity', ''],
      ...['gzip, br', 'deflate, zstd, gzip', 'utf-8'],
    ]
    for (const coding of codings) {
      it(`can be read: ${coding || 'none'}`, async () => {
        for (const [name, plain] of Object.entries(variedBodies)) {
          const query = new URLSearchParams({ codings: coding, body: name })
          const url = `${at.running.origin}/api/remote/api/coded?${query}`
          const answer = await fetch(url, {
            headers: { cookie: at.cookie, 'sec-fetch-site': 'same-origin' },
          })
          assert.equal(answer.status, 200)
          const length = answer.headers.get('content-length')
          const body = Buffer.from(await answer.arrayBuffer())
          assert.ok(body.equals(plain), `${name}: ${body.subarray(0, 40)}`)
          if (at.host === 'node') assert.equal(answer.headers.get('etag'), '"1"')
          else if (length !== null) assert.equal(Number(length), plain.length, 'a false length')
        }
      })
    }
  })

  it('P11, P12: no upgrade and no middleware header gets past the session', async () => {
    at.api.forget()
    const strangers = [
      'X-Middleware-Subrequest: middleware:middleware:middleware:middleware:middleware',
      'X-Middleware-Subrequest: src/middleware',
      'Connection: Upgrade\r\nUpgrade: websocket',
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA',
    ]
    for (const line of strangers) {
      const text = `GET /api/remote/api/x HTTP/1.1\r\nHost: localhost\r\nX-CSRF: 1\r\n${line}\r\n\r\n`
      for (const status of await at.statusesOf(text)) {
        assert.ok([401, 403, 404].includes(status), `${line}: ${status}`)
      }
    }
    assert.deepEqual(at.api.seen, [])
  })
})

describeOnBothHosts('the cookie jar', (at) => {
  it('S12: cookies of earlier versions are expired by any endpoint', async () => {
    const { transaction } = cookiesOf(at.running.origin)
    const old = Array.from({ length: 10 }, (_, i) => `${transaction}mfx3k2a${i}.${'h'.repeat(22)}`)
    const jar = old.map((name) => `${name}=Fe26.2*${'x'.repeat(1000)}`).join('; ')
    for (const target of ['/bff/user', '/bff/login', '/bff/logout', '/bff/health/live']) {
      const head = `Host: localhost\r\nX-CSRF: 1\r\nCookie: theme=dark; ${jar}\r\n`
      const { rawHeaders } = await rawRequest(
        at.running.port,
        `GET ${target} HTTP/1.1\r\n${head}\r\n`,
      )
      const expired = rawHeaders
        .filter(([name, value]) => name.toLowerCase() === 'set-cookie' && /Max-Age=0/.test(value))
        .map(([, value]) => value.split('=')[0])
      assert.deepEqual(expired.sort(), old, target)
    }
  })
})
