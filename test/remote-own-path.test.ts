import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { type App, listen, startApp } from './support/app.ts'
import { rawRequest, request } from './support/raw-http.ts'
import { startRemote, startUpstream, type Upstream } from './support/remote-fixture.ts'

describe('P40: a remote with a path of its own', () => {
  let upstream: Upstream
  let app: App
  before(async () => {
    upstream = await startUpstream((_, response) => {
      const lines = ['csrf=1', 'csrf=2; Path=/v1/lists', 'csrf=3; Path=/']
      response.writeHead(201, [
        ...[
          'Location',
          `${upstream.origin}/v1/lists/7?a#b`,
          'Link',
          '</v1/lists?page=2>; rel="next"',
        ],
        ...lines.flatMap((line) => ['Set-Cookie', line]),
      ])
      response.end()
    })
    upstream.server.on('upgrade', (incoming, socket) => {
      upstream.requests.push(incoming)
      socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n')
    })
    const todos = { path: '/todos', websocket: true, cookies: ['csrf'] }
    app = await startApp({
      config: {
        remotes: { todos: { target: `${upstream.origin}/v1`, ...todos } },
        spa: { origins: ['https://spa.example'] },
      },
    })
  })
  after(async () => {
    await app.close()
    await upstream.close()
  })

  it('leads addresses and cookies of the API to that path', async () => {
    const browser = app.browser()
    await browser.signInHere()
    const { status, headers } = await browser.call('/todos/lists', { method: 'POST' })
    assert.equal(status, 201)
    assert.equal(headers.get('location'), '/todos/lists/7?a#b')
    assert.equal(headers.get('link'), '</todos/lists?page=2>; rel="next"')
    const paths = headers
      .getSetCookie()
      .flatMap((line) => /^csrf=.*Path=([^;]*)/.exec(line)?.[1] ?? [])
    assert.deepEqual(paths, ['/todos', '/todos/lists', '/'])

    const gone = await browser.call('/bff/logout', { method: 'POST' })
    const deleted = gone.headers.getSetCookie().filter((line) => line.startsWith('csrf=;'))
    assert.deepEqual(deleted.map((line) => /Path=([^;]*)/.exec(line)?.[1]).sort(), [
      '/',
      '/todos',
      '/todos/lists',
    ])
  })

  it('takes WebSockets and preflights', async () => {
    const browser = app.browser()
    await browser.signInHere()
    const cookies = [...(browser.jar.get('localhost') ?? [])]
    const cookie = cookies.map(([name, value]) => `${name}=${value}`).join('; ')
    const head = `Host: localhost\r\nOrigin: ${app.origin}\r\nCookie: ${cookie}\r\n`
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
    const port = Number(new URL(app.origin).port)
    const answer = await rawRequest(port, `GET /todos/live?x HTTP/1.1\r\n${head}${upgrade}${key}`)
    assert.equal(answer.status, 426)
    assert.equal(upstream.requests.at(-1)?.url, '/v1/live?x')

    const preflight = await request(port, '/todos/1', {
      method: 'OPTIONS',
      headers: {
        host: 'localhost',
        origin: 'https://spa.example',
        'access-control-request-method': 'PUT',
      },
    })
    assert.equal(preflight.headers['access-control-allow-origin'], 'https://spa.example')
  })

  it('is told by its path in the log', async () => {
    await app.browser().call('/todos/1')
    await app.browser().call('/api/remote/todos/1')
    const routes = app.log.events.flatMap(({ event, fields }) =>
      event === 'request.refused' ? [(fields as { route: string }).route] : [],
    )
    assert.deepEqual(routes.slice(-2), ['/todos', '/api/remote'])
  })
})

it('P40: for any remotes, exactly what lies below the path of one goes there', async () => {
  const reached: string[] = []
  const servers = await Promise.all(
    [0, 1, 2].map(async (index) => {
      const server = createServer((incoming, response) => {
        reached.push(`${index} ${incoming.url}`)
        response.end()
      })
      return { server, origin: await listen(server) }
    }),
  )
  const segment = fc.constantFrom('a', 'b', 'api', 'remote', 'ab')
  const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((it) => `/${it.join('/')}`)
  const tail = fc.array(fc.constantFrom('/a', '/b', '/ab', 'b', '/x', '/', '%61'), { maxLength: 3 })
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(path, { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(path, tail), { minLength: 1, maxLength: 8 }),
        async (paths, asked) => {
          const remotes = paths.map((it, index) => ({
            ...{ name: `r${index}`, path: it, target: `${servers[index]?.origin}/v1` },
          }))
          const fixture = await startRemote({ remotes })
          try {
            for (const [begin, pieces] of asked) {
              const target = begin + pieces.join('')
              const owner = paths
                .map((it, index) => ({ path: it, index }))
                .filter((it) => `${target}/`.startsWith(`${it.path}/`))
                .sort((one, other) => other.path.length - one.path.length)[0]
              reached.length = 0
              await request(fixture.port, target)
              const rest = owner && target.slice(owner.path.length)
              const isRead = rest !== undefined && !rest.startsWith('//')
              assert.deepEqual(reached, isRead ? [`${owner?.index} /v1${rest}`] : [], target)
            }
          } finally {
            await fixture.close()
          }
        },
      ),
      { numRuns: 60 },
    )
  } finally {
    for (const { server } of servers) {
      server.closeAllConnections()
      server.close()
    }
  }
})
