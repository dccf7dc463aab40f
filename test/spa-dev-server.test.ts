import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { after, before, beforeEach, describe, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { type App, listen, startApp } from './support/app.ts'

let devServer: Server
let sockets: WebSocketServer
let app: App
let asked: IncomingMessage[] = []

before(async () => {
  devServer = createServer((request, response) => {
    asked.push(request)
    if (request.url === '/break') {
      response.write('half of it')
      return void setImmediate(() => response.destroy())
    }
    const isPage = request.url?.startsWith('/deep')
    response.setHeader('content-type', isPage ? 'text/html' : 'text/javascript')
    response.setHeader('set-cookie', 'theirs=1')
    if (request.method === 'POST') request.pipe(response)
    else response.end(isPage ? '<script>preamble()</script>' : 'code()')
  })
  sockets = new WebSocketServer({ server: devServer })
  sockets.on('connection', (socket, request) => {
    asked.push(request)
    socket.on('message', (data) => socket.send(`again: ${data}`))
  })
  app = await startApp({
    env: { NODE_ENV: 'development' },
    config: { spa: { devServer: await listen(devServer) } },
  })
})
after(async () => {
  await app.close()
  sockets.close()
  devServer.closeAllConnections()
  devServer.close()
})
beforeEach(() => {
  asked = []
})

describe('a development server behind our origin', () => {
  test('A43: everything that is not ours goes there, and pages may run what it puts into them', async () => {
    const code = await fetch(`${app.origin}/src/main.tsx?t=1`)
    assert.equal(await code.text(), 'code()')
    assert.equal(asked[0]?.url, '/src/main.tsx?t=1')
    assert.equal(asked[0]?.headers.host, new URL(await originOf(devServer)).host)
    const page = await fetch(`${app.origin}/deep/link`)
    const policy = page.headers.get('content-security-policy') ?? ''
    assert.match(policy, /frame-ancestors 'none'/)
    assert.doesNotMatch(policy, /script-src|default-src/)
    assert.equal((await fetch(`${app.origin}/bff/user`)).status, 403)
    assert.equal(asked.length, 2)
  })

  test('A43: bodies go through, and cookies of ours do not', async () => {
    const { ticket, transaction } = app.cookies
    const cookie = `${ticket}=a; ${transaction}x=1; theirs=1`
    const answer = await fetch(`${app.origin}/echo`, {
      method: 'POST',
      body: 'hello',
      headers: { cookie },
    })
    assert.equal(await answer.text(), 'hello')
    assert.equal(asked[0]?.headers.cookie, 'theirs=1')
  })

  test('A43: its WebSocket goes through, and keeps nobody from stopping', async () => {
    const own = await startApp({
      env: { NODE_ENV: 'development' },
      config: { spa: { devServer: await originOf(devServer) } },
    })
    const socket = new WebSocket(`${own.origin.replace('http', 'ws')}/?token=x`, 'vite-hmr')
    const said = await new Promise((resolve, reject) => {
      socket.once('open', () => socket.send('hot'))
      socket.once('message', (data) => resolve(String(data)))
      socket.once('error', reject)
    })
    assert.equal(said, 'again: hot')
    assert.equal(asked[0]?.url, '/?token=x')
    const closed = new Promise((resolve) => socket.once('close', resolve))
    const { forced } = await own.host.close(20_000)
    assert.equal(forced, false)
    await closed
    await own.close()
  })

  test('A43: an answer that breaks off breaks off, and one that is away is told', async () => {
    await assert.rejects(fetch(`${app.origin}/break`).then((answer) => answer.text()))
    const own = await startApp({
      env: { NODE_ENV: 'development' },
      config: { spa: { devServer: 'http://localhost:1' } },
    })
    const answer = await fetch(own.origin)
    assert.equal(answer.status, 502)
    assert.match(await answer.text(), /Nothing answers at http:\/\/localhost:1/)
    assert.equal(answer.headers.get('refresh'), '2')
    await own.close()
  })

  test('A43: in production it is not used', async () => {
    const own = await startApp({ config: { spa: { devServer: await originOf(devServer) } } })
    assert.equal((await fetch(`${own.origin}/src/main.tsx`)).status, 404)
    await own.close()
  })
})

async function originOf(server: Server): Promise<string> {
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}
