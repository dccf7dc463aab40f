import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, get, request, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from './support/app.ts'
import { freePort } from './support/free-port.ts'
import { type Front, startHaproxy, startNginx } from './support/front.ts'
import { createHttpBrowser, type HttpBrowser } from './support/http-browser.ts'
import { pageStatus } from './support/page-status.ts'
import { until } from './support/remote-fixture.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'
import { type RunningCloakroom, startCloakroom } from './support/start-cloakroom.ts'

const directory = mkdtempSync(join(tmpdir(), 'cloakroom-fronts-'))
const fromPage = { headers: { 'sec-fetch-site': 'same-origin' } }
let provider: ScriptedProvider
let port: number
let stats: number
let origin: string
let env: Record<string, string>
let both: RunningCloakroom[] = []
let streams: ServerResponse[] = []

const api = createServer((asked, response) => {
  if (asked.url === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: first\n\n')
    return void streams.push(response)
  }
  asked.resume().on('end', () => response.end(JSON.stringify(asked.headers)))
}).on('upgrade', (_, socket) => {
  const lines = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Accept: x']
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`)
  socket.on('error', () => undefined).pipe(socket)
})

before(async () => {
  provider = await startScriptedProvider()
  const file = join(directory, 'bff.json')
  const remotes = { api: { target: await listen(api), websocket: true } }
  writeFileSync(file, JSON.stringify({ remotes }))
  port = await freePort()
  stats = await freePort()
  origin = `http://localhost:${port}`
  env = {
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: provider.clientId,
    OIDC_CLIENT_SECRET: provider.clientSecret,
    BFF_BASE_URL: origin,
    BFF_CONFIG_FILE: file,
    BFF_SECRET: randomBytes(32).toString('base64url'),
    BFF_STORE: 'sqlite',
    BFF_SQLITE_FILE: join(directory, 'sessions.db'),
    BFF_TRUST_PROXY: '127.0.0.0/8',
    BFF_DRAIN: '1s',
    LOG_LEVEL: 'warn',
  }
  both = await Promise.all([startCloakroom({ env }), startCloakroom({ env })])
})
after(async () => {
  await Promise.all(both.map((one) => one.stop('SIGKILL')))
  api.closeAllConnections()
  api.close()
  await provider.close()
  rmSync(directory, { recursive: true })
})

/** As HAProxy sees them: `L7OK` when its check was answered as it wants it. */
async function checks(): Promise<string[]> {
  const table = await (await fetch(`http://127.0.0.1:${stats}/;csv`)).text()
  const [names = [], ...rows] = table.split('\n').map((line) => line.split(','))
  const at = names.indexOf('check_status')
  return rows.filter(([, name]) => /^s\d$/.test(name ?? '')).map((row) => row[at] ?? '')
}

async function untilTrue(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20)
}

const fronts = {
  nginx: {
    start: startNginx,
    // It has no checks of its own: it asks, and goes to the other one.
    knowsBoth: async () => true,
  },
  HAProxy: {
    start: (options: Parameters<typeof startNginx>[0]) => startHaproxy({ ...options, stats }),
    knowsBoth: async () => (await checks()).join() === 'L7OK,L7OK',
  },
}

for (const [name, { start, knowsBoth }] of Object.entries(fronts)) {
  describe(`A16: two hosts behind ${name}`, () => {
    let front: Front
    let browser: HttpBrowser
    let cookie: string

    before(async () => {
      front = await start({ port, behind: both.map((one) => one.port) })
      browser = createHttpBrowser()
      await browser.visit(`${origin}/bff/login`, { until: ({ pathname }) => pathname === '/' })
      cookie = [...(browser.jar.get('localhost') ?? [])].map((pair) => pair.join('=')).join('; ')
    })
    after(() => front.close())

    it('are well by its default check', () => untilTrue(knowsBoth))

    it('serve a sign-in, pages and calls, and the API hears of the client only', async () => {
      const user = await browser.send(`${origin}/bff/user`, fromPage)
      assert.match(user.body, /"alice"/)
      assert.equal((await browser.send(`${origin}/`)).status, pageStatus('/'))
      const headers = { ...fromPage.headers, 'x-forwarded-for': '6.6.6.6' }
      const call = await browser.send(`${origin}/api/remote/api/a%20b?c=%2F`, { headers })
      assert.equal(JSON.parse(call.body)['x-forwarded-for'], '127.0.0.1, 127.0.0.1')
    })

    it('stream events as they come', async () => {
      streams = []
      const headers = { ...fromPage.headers, cookie }
      const asked = get(`${origin}/api/remote/api/events`, { headers })
      const [answer] = await once(asked, 'response')
      let received = ''
      answer.on('error', () => undefined)
      answer.setEncoding('utf8').on('data', (text: string) => {
        received += text
      })
      await until(() => received.includes('first'))
      streams[0]?.write('data: second\n\n')
      await until(() => received.includes('second'))
      asked.destroy()
      await until(() => streams[0]?.destroyed === true)
    })

    it('carry a WebSocket', async () => {
      const socket = connect(port, '127.0.0.1').setEncoding('latin1')
      const lines = [
        ...['GET /api/remote/api/socket HTTP/1.1', `Host: localhost:${port}`, `Origin: ${origin}`],
        ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
        ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', `Cookie: ${cookie}`],
      ]
      let received = ''
      socket.on('data', (text: string) => {
        received += text
      })
      socket.write(`${lines.join('\r\n')}\r\n\r\n`)
      await until(() => received.startsWith('HTTP/1.1 101 ') && received.endsWith('\r\n\r\n'))
      socket.write('back and forth')
      await until(() => received.endsWith('back and forth'))
      socket.destroy()
    })

    it('are started anew one after the other under load, and no request fails', async () => {
      const load = startLoad(cookie)
      for (const [i, one] of both.entries()) {
        assert.equal((await one.stop('SIGTERM')).code, 0)
        both[i] = await startCloakroom({ env, port: one.port })
        await untilTrue(knowsBoth)
      }
      const { statuses, failures } = await load.stop()
      assert.deepEqual(failures, [])
      assert.deepEqual([...statuses.keys()], [200])
      assert.ok((statuses.get(200) ?? 0) > 100)
    })
  })
}

/** A hundred requests a second, on connections that are kept. */
function startLoad(cookie: string) {
  const agent = new Agent({ keepAlive: true })
  const statuses = new Map<number, number>()
  const failures: string[] = []
  const asks: [method: string, path: string][] = [
    ['GET', '/api/remote/api/x'],
    ['GET', '/bff/user'],
    ['POST', '/api/remote/api/x'],
    ['GET', '/icon.svg'],
  ]
  let open = 0
  let sent = 0
  const timer = setInterval(() => {
    const [method, path] = asks[sent % asks.length] as [string, string]
    sent += 1
    open += 1
    const headers = { ...fromPage.headers, cookie, 'content-length': method === 'POST' ? 2 : 0 }
    const asked = request(origin + path, { agent, method, headers }, (answer) => {
      answer.resume().on('end', () => {
        const status = answer.statusCode ?? 0
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (status !== 200) failures.push(`${method} ${path}: ${status}`)
      })
      answer.on('aborted', () => failures.push(`${method} ${path}: cut`))
    })
    asked.on('error', (error) => failures.push(`${method} ${path}: ${error.message}`))
    asked.on('close', () => {
      open -= 1
    })
    asked.end(method === 'POST' ? '{}' : undefined)
  }, 10)
  return {
    async stop() {
      clearInterval(timer)
      while (open > 0) await sleep(10)
      agent.destroy()
      return { statuses, failures }
    },
  }
}
