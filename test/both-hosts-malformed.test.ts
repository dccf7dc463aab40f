import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { METHODS } from 'node:http'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { describeOnBothHosts } from './support/both-hosts.ts'
import { createMalformed } from './support/malformed.ts'
import { type RawAnswer, rawRequest } from './support/raw-http.ts'
import { until } from './support/remote-fixture.ts'
import { createSeeded } from './support/seeded.ts'
import { ambiguous } from './support/smuggling.ts'

// SOAK_SECONDS=600 for a long run of each host; SOAK_SEED repeats one.
const seconds = Number(process.env.SOAK_SECONDS ?? 4)
const timeout = seconds * 1000 + 60_000
const seed = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000)

describeOnBothHosts('a hostile client', (at) => {
  describe('P1, P2: paths', () => {
    const exact = [
      ...['/items?b=2&a=1&a=3&empty=&flag&q=a+b%20c%2Fd', '/%7Euser/%e2%82%ac;v=1/a:b@c'],
      ...['/a?x=/../y', '/a?x=//y', '/a%20b', "/*'()!$", '?only=query', '/'],
    ]
    it('arrive byte for byte', async () => {
      for (const rest of exact) {
        at.api.forget()
        assert.equal((await at.send('GET', `/api/remote/api${rest}`)).status, 200, rest)
        assert.deepEqual(
          at.api.seen.map(({ url }) => url),
          [`/v1${rest}`],
        )
      }
    })

    /** Either nothing arrived, or these very bytes below the prefix, which no server reads as another place. */
    function assertContained(target: string, { status }: RawAnswer): void {
      assert.ok(status < 500, `${JSON.stringify(target)} was answered ${status}`)
      for (const { url } of at.api.seen) assert.equal(url, target.replace('/api/remote/api', '/v1'))
      let path = at.api.seen[0]?.url.split('?', 1)[0] ?? ''
      for (let decoded = 0; decoded < 3; decoded += 1) {
        assert.doesNotMatch(path, /(?:^|[/\\])\.{1,2}(?:[/\\;]|$)|\0/, target)
        path = path.replace(/%([\da-f]{2})/gi, (_, hex) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        )
      }
    }

    it('lead nowhere else, however they are written', async () => {
      for (const rest of [
        ...['/../admin', '/%2e%2e/admin', '/..%2fadmin', '/..%5cadmin', '/..;/admin'],
        ...['/%252e%252e/admin', '/a/%2e/../b', '//evil.example/x', '/\\evil.example'],
        ...['/a%00', '/a#b', '/%c0%ae%c0%ae/admin', '/\u00e9', '/%zz', '/..\\admin', '/.%2e/x'],
        ...['/%', '/a?%', '/a?\u00ff'],
      ]) {
        at.api.forget()
        const target = `/api/remote/api${rest}`
        assertContained(target, await at.send('GET', target))
      }
      for (const target of [
        ...['/%', '/bff/%zz', '/bff/..%2f..', '//', '/%c0%ae', '/bff//user', '/a\\b'],
        ...['http://evil.example/api/remote/api/x', 'evil.example:443', '*', '//evil/x', ''],
        ...['/api/remote/../bff/user', '/api/remote/api@evil.example/x', '/api/remote/__proto__/x'],
        ...['/api/remote/%61pi/x', '/API/REMOTE/api/x', '/api%2fremote/api/x', '/api/remote'],
      ]) {
        at.api.forget()
        assertContained(target, await at.send('GET', target))
      }
      await at.assertWell()
    })

    it('whatever they are made of', async () => {
      const piece = fc.constantFrom(
        ...['/', '/', '/', '.', '..', '%2e', '%2f', '%5c', '%25', ';', '@', ':', '\\', '?', '&'],
        ...['a', 'B', '~', '*', '%41', '%00', '%0a', '%c0%ae', '%zz', '\u00e9', '\u007f', '#', '|'],
      )
      const rests = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
      await fc.assert(
        fc.asyncProperty(rests, async (rest) => {
          at.api.forget()
          const target = `/api/remote/api/${rest}`
          assertContained(target, await at.send('GET', target))
        }),
        { numRuns: 200 },
      )
    })
  })

  it('S14: a ticket under a name with any other byte in it is nobody’s', async () => {
    const bytes = [...Array(0x20).keys(), ...Array.from({ length: 0x81 }, (_, i) => 0x7f + i)]
    const [name = '', ticket = ''] = at.cookie.split('=')
    for (const byte of bytes) {
      const stray = String.fromCharCode(byte)
      // What HTTP strips, what ends a line.
      if (['\t', '\r', '\n'].includes(stray)) continue
      for (const planted of [stray + name, name + stray]) {
        const head = `Host: localhost\r\nX-CSRF: 1\r\nCookie: ${planted}=${ticket}\r\n`
        const text = `GET /bff/user HTTP/1.1\r\n${head}Connection: close\r\n\r\n`
        const { status } = await rawRequest(at.running.port, text)
        assert.ok(status === 401 || status === 400, `${JSON.stringify(planted)}: ${status}`)
      }
    }
    assert.equal((await at.send('GET', '/bff/user')).status, 200)
  })

  describe('P13: malformed requests', () => {
    it('are never two requests, where a reader could see two', async () => {
      for (const [i, [name, { headers, body }]] of Object.entries(ambiguous).entries()) {
        const lines = headers.map((line) => `${line}\r\n`).join('')
        const text = `POST /api/remote/api/case-${i} HTTP/1.1\r\n${at.head}${lines}\r\n${body}`
        for (const status of await at.statusesOf(text)) {
          assert.ok(status < 500, `${name}: ${status}`)
        }
        const urls = at.api.seen.map(({ url }) => url)
        assert.ok(urls.filter((url) => url === `/v1/case-${i}`).length <= 1, `${name}: twice`)
        assert.ok(!urls.some((url) => url.includes('smuggled')), `${name}: ${urls}`)
      }
      await at.assertWell()
    })

    it('are refused when they flood with headers or cookies', async () => {
      const many = Array.from({ length: 5000 }, (_, i) => `X-${i}: ${i}`)
      const cookies = `Cookie: ${Array.from({ length: 8000 }, (_, i) => `c${i}=${i}`).join('; ')}`
      const long = `X-Long: ${'a'.repeat(100_000)}`
      for (const lines of [many, [cookies], [long]]) {
        const { status } = await at.send('GET', '/api/remote/api/x', lines)
        assert.equal(status, 431)
      }
      const { status } = await at.send('GET', `/api/remote/api/${'a'.repeat(100_000)}`)
      assert.ok(status === 414 || status === 431, String(status))
      await at.assertWell()
    })

    it(`are no 5xx of ours and no harm to others, for ${seconds} s`, { timeout }, async (t) => {
      t.diagnostic(`SOAK_SEED=${seed}`)
      const random = createSeeded(seed)
      const malformed = createMalformed(random, at.cookie)
      const deadline = Date.now() + seconds * 1000
      const warmUntil = deadline - seconds * 750
      let conversations = 0
      let warm = memoryOf(at.running.pid)
      const client = async () => {
        while (Date.now() < deadline) {
          const text = malformed()
          const statuses = await at.statusesOf(text, { cut: random.integer(text.length) })
          const ours = statuses.filter((it) => it >= 500 && it !== 502 && it !== 504)
          assert.deepEqual(ours, [], JSON.stringify(text.slice(0, 3000)))
          conversations += 1
          if (conversations % 100 > 0) continue
          at.api.forget()
          if (Date.now() < warmUntil) warm = memoryOf(at.running.pid)
        }
      }
      await Promise.all(Array.from({ length: 16 }, client))
      await until(() => at.api.open === 0)
      await at.assertWell()
      const surprises = at.running.log().filter(({ event }) => event === 'unexpected.error')
      assert.deepEqual(surprises, [])
      const end = memoryOf(at.running.pid)
      t.diagnostic(`${conversations} conversations; ${warm} MB when warm, ${end} MB at the end`)
      // A short run is all warming up.
      if (seconds >= 60) assert.ok(end < warm + 64, `${warm} MB became ${end} MB`)
    })
  })

  // Sound, and asked in ways that not every framework knows.
  it('P24: HEAD, and a slash at the end of an address', async () => {
    for (const path of [
      '/bff/health/live',
      '/bff/user',
      '/bff/user/',
      '/bff/login',
      '/bff/callback/',
    ]) {
      const answer = await at.send('HEAD', path)
      assert.deepEqual([answer.status, answer.body], [200, ''], path)
      assert.equal(answer.headers['set-cookie'], undefined, path)
    }
    assert.equal((await at.send('GET', '/bff/user/')).status, 200)
    const login = await at.send('GET', '/bff/login/?returnUrl=/x')
    assert.deepEqual([login.status, (await at.send('GET', '/bff/user/x')).status], [302, 404])
    await at.assertWell()
  })

  it('A12: connections are kept for 65 s', async () => {
    for (const target of ['/bff/health/live', '/api/remote/api/x', '/icon.svg']) {
      const { headers } = await at.send('GET', target)
      assert.deepEqual([target, headers['keep-alive']], [target, 'timeout=65'])
    }
  })

  it('A12: an invitation to another protocol is ignored', async () => {
    for (const upgrade of ['h2c', 'TLS/1.0', 'h2c, websocket']) {
      const lines = [
        `Upgrade: ${upgrade}`,
        'Connection: Upgrade, HTTP2-Settings',
        'HTTP2-Settings: x',
      ]
      for (const target of ['/bff/user', '/api/remote/api/x', '/icon.svg']) {
        const answer = await at.send('GET', target, lines)
        assert.deepEqual([answer.status, answer.headers.upgrade], [200, undefined], target)
      }
    }
  })

  it('A18: dot segments, plain and encoded, are 400 before anything routes them', async () => {
    at.api.forget()
    const dots = ['.', '..', '%2e', '%2E%2e', '.%2e', '%2e.', '%252e%252e', '..;x', '%2e%2e;']
    const places = ['', '/account', '/icon.svg', '/_next/static', '/bff', '/bff/user', '/api/own']
    for (const place of [...places, '/api/remote', '/api/remote/api/x']) {
      for (const dot of dots) {
        for (const rest of ['', '/', '/api/remote/api/x', '/bff/user']) {
          const target = `${place}/${dot}${rest}`
          const { status, body } = await at.send('GET', target)
          assert.equal(status, 400, target)
          assert.equal(JSON.parse(body).code, 'bad_path', target)
        }
      }
    }
    assert.deepEqual(at.api.seen, [])
  })

  it('A17: health is told to GET, HEAD and OPTIONS, over HTTP/1.0 and without a Host too', async () => {
    for (const [target, allow] of [
      ['/bff/health/live', 'GET, HEAD, OPTIONS'],
      ['/bff/health/ready', 'GET, HEAD, OPTIONS'],
      ['/', 'GET, HEAD, OPTIONS, POST'],
      ['/account', 'GET, HEAD, OPTIONS, POST'],
    ]) {
      for (const version of ['1.0\r\n', '1.0\r\nHost: front', '1.1\r\nHost: front']) {
        const ask = (method: string) =>
          rawRequest(at.running.port, `${method} ${target} HTTP/${version}\r\n\r\n`)
        const options = await ask('OPTIONS')
        assert.deepEqual([options.status, options.headers.allow], [204, allow], target)
        if (!target?.startsWith('/bff')) continue
        for (const method of ['GET', 'HEAD']) assert.equal((await ask(method)).status, 200, target)
      }
    }
  })

  it('A12: every method arrives, with its body', async () => {
    const notForwarded = new Set(['CONNECT', 'TRACE'])
    for (const method of METHODS.filter((each) => !notForwarded.has(each))) {
      for (const body of ['', 'a body']) {
        at.api.forget()
        const lines = body === '' ? [] : [`Content-Length: ${body.length}`]
        const answer = await at.send(method, '/api/remote/api/x?b=1&a=2', lines, body)
        const what = `${method} ${body}`
        assert.equal(answer.status, 200, what)
        await until(() => at.api.seen[0]?.body === body)
        const [seen] = at.api.seen
        assert.deepEqual([seen?.method, seen?.url], [method, '/v1/x?b=1&a=2'], what)
      }
    }
    at.api.forget()
    const chunks = ['Transfer-Encoding: chunked']
    await at.send('GET', '/api/remote/api/x', chunks, '3\r\nabc\r\n0\r\n\r\n')
    await until(() => at.api.seen[0]?.body === 'abc')
    assert.equal(at.api.seen[0]?.method, 'GET')
    await at.assertWell()
  })
})

/** Resident memory of a process in MB. */
function memoryOf(pid: number): number {
  const kilobytes = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })
  return Math.round(Number(kilobytes) / 1024)
}
