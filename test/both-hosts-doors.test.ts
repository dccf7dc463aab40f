import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { describeOnBothHosts } from './support/both-hosts.ts'
import { pageStatus } from './support/page-status.ts'
import { type RawAnswer, rawRequest } from './support/raw-http.ts'
import { until } from './support/remote-fixture.ts'

const codeOf = ({ body }: RawAnswer) => JSON.parse(body).code

describeOnBothHosts('the front door', (at) => {
  const raw = (method: string, target: string, lines: string[], body = '') =>
    rawRequest(
      at.running.port,
      `${method} ${target} HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`,
    )

  describe('P19: a page’s address that leads elsewhere', () => {
    const remote = 'api/remote/api/x'
    const disguised = [
      ...[`/./${remote}`, `/bff/../${remote}`, `/x/%2e%2e/${remote}`, `/icon.svg/../${remote}`],
      ...[
        `/%2E/${remote}`,
        `/x/.%2e/${remote}`,
        `/x/..;a=b/${remote}`,
        `/_next/static/../../${remote}`,
      ],
      ...[`//${remote}`, `/\\${remote}`, `/x\\..\\${remote}`, `/x/..%5c${remote}`, `/%2f${remote}`],
      ...[
        '/%61pi/remote/api/x',
        '/api%2fremote/api/x',
        '/api//remote/api/x',
        '/api/remote%2fapi/x',
      ],
      ...['/%2561pi/remote/api/x', '/api;a/remote/api/x', '/x/%252e%252e/api/remote/api/x'],
      ...[
        '/bff/./user',
        '/x/../bff/user',
        '/%62ff/user',
        '/bff//user',
        '/bff/%75ser',
        '/bff%2fuser',
      ],
      ...[
        '/account/..',
        '/..',
        '/.',
        '/%2e%2e',
        '/orders/../account',
        '/%EF%BC%8E%EF%BC%8E/account',
      ],
    ]
    it('is 400, whatever it leads to', async () => {
      at.api.forget()
      for (const target of disguised) {
        const answer = await at.send('GET', target)
        assert.equal(answer.status, 400, target)
        assert.equal(codeOf(answer), 'bad_path', target)
      }
      assert.deepEqual(at.api.seen, [])
    })

    it('never reaches an API or an endpoint, whatever it is made of', async () => {
      const piece = fc.constantFrom(
        ...['/', '/', '.', '..', '%2e', '%2f', '%5c', '%25', ';', '\\', 'api', 'remote', 'bff'],
        ...['user', 'x', 'icon.svg', '%61pi', '_next', 'data', '.json', '\u00e9'],
      )
      const targets = fc.array(piece, { maxLength: 10 }).map((pieces) => `/${pieces.join('')}`)
      await fc.assert(
        fc.asyncProperty(targets, async (target) => {
          at.api.forget()
          const answer = await at.send('GET', target)
          assert.ok(answer.status < 500, `${target}: ${answer.status}`)
          if (!target.startsWith('/api/remote')) assert.deepEqual(at.api.seen, [], target)
          if (!target.startsWith('/bff'))
            assert.doesNotMatch(answer.body, /session_expires/, target)
        }),
        { numRuns: 200 },
      )
    })

    it('is no page’s that only looks odd', async () => {
      const odd = [
        '/orders/a%20b',
        '/orders/%E6%BC%A2%E5%AD%97',
        '/orders/a..b',
        '/orders/.a',
        '/orders/;',
      ]
      for (const target of [
        ...odd,
        '/orders/a@b:c',
        '/icon.svg?x=/../api/remote/x',
        '/?a=%2e%2e/',
      ]) {
        assert.equal((await at.send('GET', target)).status, pageStatus(target), target)
      }
    })
  })

  describe('P21: of a request that two could read differently', () => {
    it('two Host lines are 400', async () => {
      at.api.forget()
      for (const target of ['/', '/bff/user', '/bff/health/live', '/api/remote/api/x']) {
        for (const second of ['localhost', 'evil.example', '']) {
          const lines = ['Host: localhost', `host: ${second}`, 'X-CSRF: 1', `Cookie: ${at.cookie}`]
          const answer = await raw('GET', target, lines)
          assert.deepEqual([answer.status, codeOf(answer)], [400, 'bad_request'], target)
        }
      }
      assert.deepEqual(at.api.seen, [])
    })

    it('OPTIONS that may go no further is answered here, and others have a step less to go', async () => {
      at.api.forget()
      const ask = (left: string) =>
        at.send('OPTIONS', '/api/remote/api/x', [`Max-Forwards: ${left}`])
      assert.equal((await ask('0')).status, 204)
      const traced = await at.send('TRACE', '/api/remote/api/x', ['Max-Forwards: 0'])
      assert.ok([400, 405].includes(traced.status))
      assert.deepEqual(at.api.seen, [])
      for (const [left, passed] of [
        ['1', '0'],
        ['10', '9'],
        ['soon', 'soon'],
      ] as const) {
        assert.equal((await ask(left)).status, 200)
        assert.deepEqual(
          at.api.seen.map(({ headers }) => headers['max-forwards']),
          [passed],
        )
        at.api.forget()
      }
    })
  })

  it('A13: on loopback we are known by names of loopback only', async () => {
    at.api.forget()
    const port = at.running.port
    const own = [
      'localhost',
      'LOCALHOST:1',
      `localhost:${port}`,
      'app.localhost',
      '127.0.0.1',
      '127.9.9.9',
    ]
    const foreign = [
      ...[
        'evil.example',
        `evil.example:${port}`,
        'localhost.evil.example',
        'evillocalhost',
        '10.0.0.1',
      ],
      ...['127.0.0.1.evil.example', '[::2]', '.localhost', 'localhost@evil.example', '0.0.0.0', ''],
    ]
    for (const target of ['/', '/icon.svg', '/bff/user', '/bff/login', '/api/remote/api/x']) {
      const statusOf = async (host: string) =>
        (await raw('GET', target, [`Host: ${host}`, 'X-CSRF: 1', `Cookie: ${at.cookie}`])).status
      for (const host of [...own, '[::1]', '[::1]:80']) {
        assert.ok(
          [200, 302, pageStatus(target)].includes(await statusOf(host)),
          `${target} at ${host}`,
        )
      }
      at.api.forget()
      for (const host of foreign) assert.equal(await statusOf(host), 421, `${target} at ${host}`)
      assert.deepEqual(at.api.seen, [])
    }
    // They read no cookie, and who calls them has a name of its own for us.
    for (const target of ['/bff/health/live', '/bff/health/ready']) {
      assert.equal((await raw('GET', target, ['Host: 10.0.0.1:8080'])).status, 200)
    }
    const post = await raw('POST', '/bff/backchannel', ['Host: bff.internal', 'Content-Length: 0'])
    assert.equal(codeOf(post), 'logout_token_invalid')
    if (at.host === 'node') {
      const lines = ['Host: evil.example', `Origin: ${at.running.origin}`, `Cookie: ${at.cookie}`]
      const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
      const answer = await raw('GET', '/api/remote/socket/x', [...lines, ...upgrade])
      assert.equal(answer.status, 421)
    }
  })

  describe('P33: before anybody knows whose it is', () => {
    it('a page takes GET, HEAD, OPTIONS and POST', async () => {
      for (const target of ['/', '/account']) {
        for (const method of ['PUT', 'PATCH', 'DELETE', 'QUERY', 'TRACE', 'PROPFIND']) {
          const { status, headers } = await at.send(method, target)
          assert.deepEqual([status, headers.allow], [405, 'GET, HEAD, OPTIONS, POST'], method)
        }
        const options = await at.send('OPTIONS', target)
        assert.deepEqual([options.status, options.headers.allow], [204, 'GET, HEAD, OPTIONS, POST'])
      }
    })

    it('a body has its bounds: 1 MB for a page, 64 KB for an endpoint', async () => {
      const large = async (method: string, target: string, bytes: number) => {
        const answer = await at.send(method, target, [`Content-Length: ${bytes}`])
        return [answer.status, codeOf(answer)]
      }
      const tooLarge = [413, 'body_too_large']
      assert.deepEqual(await large('POST', '/', 1024 * 1024 + 1), tooLarge)
      assert.deepEqual(await large('POST', '/api/own', 1024 * 1024 + 1), tooLarge)
      assert.deepEqual(await large('GET', '/', 64 * 1024 + 1), tooLarge)
      for (const target of ['/bff/logout', '/bff/callback', '/bff/backchannel']) {
        assert.deepEqual(await large('POST', target, 64 * 1024 + 1), tooLarge)
      }
      const type = 'Content-Type: application/octet-stream'
      const lines = [type, 'Transfer-Encoding: chunked']
      const chunks = `8000\r\n${'x'.repeat(0x8000)}\r\n`
      const within = await at.send('POST', '/', lines, `${chunks.repeat(30)}0\r\n\r\n`)
      assert.equal(within.status, pageStatus('/'))
    })

    it('a body of no announced length is cut where it is too large', async () => {
      const socket = connect(at.running.port, '127.0.0.1')
      let [received, isClosed] = ['', false]
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        received += chunk
      })
      socket.on('close', () => {
        isClosed = true
      })
      socket.write(`POST / HTTP/1.1\r\n${at.head}Transfer-Encoding: chunked\r\n\r\n`)
      const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`
      const send = () => {
        if (!isClosed && socket.write(chunk)) setImmediate(send)
      }
      socket.on('drain', send)
      send()
      await until(() => isClosed)
      assert.ok(socket.bytesWritten < 16 * 1024 * 1024, `${socket.bytesWritten} bytes`)
      assert.doesNotMatch(received, /^HTTP\/1\.1 200/)
      await at.assertWell()
    })
  })

  it('P31: connections of clients are kept alive by TCP', async () => {
    const socket = connect(at.running.port, '127.0.0.1')
    socket.write(`GET /bff/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await new Promise((resolve) => socket.once('data', resolve))
    const own = socket.localPort ?? 0
    // The server's end of the connection: 02 is the timer of keep-alive (proc(5), net/tcp).
    await until(() => timerOf(at.running.port, own) === '02')
    socket.destroy()
  })

  it('P2: what was written is told by the server, and by no header of a client', async () => {
    const forged = Buffer.from('/api/remote/small/x').toString('base64url')
    const refusal = Buffer.from('bad_path').toString('base64url')
    for (const value of [
      `a.${forged}`,
      `.${forged}`,
      forged,
      `undefined.${forged}`,
      `a.${refusal}`,
    ]) {
      for (const name of ['x-cloakroom-target', 'X-Cloakroom-Target', 'x_cloakroom_target']) {
        at.api.forget()
        const lines = [`${name}: ${value}`, `${name}: ${value}`]
        const answer = await at.send('GET', '/api/remote/api/a%20b?c=%20&a=1', lines)
        assert.equal(answer.status, 200)
        assert.deepEqual(
          at.api.seen.map(({ url }) => url),
          ['/v1/a%20b?c=%20&a=1'],
        )
        if (at.host === 'next')
          assert.equal(at.api.seen[0]?.headers['x-cloakroom-target'], undefined)
        for (const target of ['/', '/bff/user']) {
          assert.equal((await at.send('GET', target, lines)).status, pageStatus(target), target)
        }
      }
    }
  })
})

function timerOf(localPort: number, remotePort: number): string | undefined {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0')
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const [, local, remote, , , timer] = line.trim().split(/\s+/)
    if (local?.endsWith(`:${hex(localPort)}`) && remote?.endsWith(`:${hex(remotePort)}`)) {
      return timer?.slice(0, 2)
    }
  }
  return undefined
}
