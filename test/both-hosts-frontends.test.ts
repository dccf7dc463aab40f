import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { listen } from './support/app.ts'
import { freePort } from './support/free-port.ts'
import { createHttpBrowser } from './support/http-browser.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'
import { type Host, type RunningCloakroom, startCloakroom } from './support/start-cloakroom.ts'

const folder = mkdtempSync(join(tmpdir(), 'cloakroom-frontends-'))
const asked: string[] = []
const api = createServer((request, response) => {
  asked.push(`${request.method} ${request.url}`)
  response.end('from the API')
}).on('upgrade', (request, socket) => {
  asked.push(`upgrade ${request.url}`)
  socket.end(
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
  )
})
let provider: ScriptedProvider
let target: string
before(async () => {
  provider = await startScriptedProvider()
  target = await listen(api)
})
after(async () => {
  rmSync(folder, { recursive: true, force: true })
  api.closeAllConnections()
  api.close()
  await provider.close()
})

for (const host of ['node', 'next'] as Host[]) {
  describe(`frontends on the ${host} host, after pages were served`, () => {
    let cloakroom: RunningCloakroom
    before(async () => {
      const port = await freePort()
      const file = join(folder, `${host}.json`)
      const own = { orders: { target, websocket: true }, todos: { target, path: '/todos' } }
      writeFileSync(
        file,
        JSON.stringify({
          remotes: { top: { target } },
          frontends: {
            shop: { path: '/shop', remotes: own },
            admin: { host: `admin.localhost:${port}`, remotes: own },
          },
        }),
      )
      cloakroom = await startCloakroom({
        ...{ host, port },
        env: {
          ...{ BFF_CONFIG_FILE: file, OIDC_ISSUER: provider.issuer },
          ...{ OIDC_CLIENT_ID: provider.clientId, OIDC_CLIENT_SECRET: provider.clientSecret },
        },
      })
      assert.equal((await fetch(`${cloakroom.origin}/`)).status, 200)
    })
    after(async () => {
      await cloakroom.stop()
    })
    const originOf = (name: 'shop' | 'admin') =>
      name === 'shop' ? cloakroom.origin : cloakroom.origin.replace('localhost', 'admin.localhost')

    for (const name of ['shop', 'admin'] as const) {
      const root = name === 'shop' ? '/shop' : ''
      test(`A66: ${name} signs in, calls its APIs, listens, lists and signs out`, async () => {
        const origin = originOf(name)
        const browser = createHttpBrowser()
        const end = await browser.visit(`${origin}${root}/bff/login`, {
          until: (url) => url.pathname === `${root}/`,
        })
        assert.equal(end.status, 303, end.body)
        const call = (path: string, method = 'GET') =>
          browser.send(`${origin}${path}`, {
            ...{ method, from: origin, dest: 'empty', headers: { 'x-csrf': '1' } },
          })
        const user = await call(`${root}/bff/user`)
        assert.match(user.body, /alice/)
        for (const [path, at] of [
          [`${root}/api/remote/orders/a%2Fb?x=1&x=2`, 'GET /a%2Fb?x=1&x=2'],
          [`${root}/todos/7`, 'GET /7'],
        ] as const) {
          const { status, body } = await call(path)
          assert.deepEqual([status, body], [200, 'from the API'], path)
          assert.equal(asked.at(-1), at)
        }
        assert.equal((await call(`${root}/api/remote/top/x`)).status, 404)
        const list = JSON.parse((await call(`${root}/bff/sessions`)).body) as unknown[]
        assert.equal(list.length >= 1, true)
        if (host === 'node') assert.match(await upgrade(origin, root, browser), /^HTTP\/1.1 101 /)
        assert.equal((await call(`${root}/bff/logout`, 'POST')).status, 200)
        assert.equal((await call(`${root}/bff/user`)).status, 401)
      })
    }

    test('A66: the top level has none of theirs, and an unknown host is 421', async () => {
      const browser = createHttpBrowser()
      const get = (path: string, headers = {}) =>
        browser.send(`${cloakroom.origin}${path}`, {
          dest: 'empty',
          headers: { 'x-csrf': '1', ...headers },
        })
      for (const path of ['/api/remote/orders/x', '/todos/7']) {
        assert.equal((await get(path)).status, 404, path)
      }
      for (const path of ['/', '/bff/user', '/shop/bff/user', '/api/remote/top/x']) {
        assert.equal((await get(path, { host: 'evil.localhost' })).status, 421, path)
      }
      assert.equal((await get('/bff/health/live', { host: 'any.name' })).status, 200)
    })
  })
}

/** The first line of the answer to a WebSocket's request. */
async function upgrade(
  origin: string,
  root: string,
  { jar }: ReturnType<typeof createHttpBrowser>,
): Promise<string> {
  const { host, hostname, port } = new URL(origin)
  const cookies = [...(jar.get(hostname) ?? [])].map(([name, value]) => `${name}=${value}`)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(
    [
      `GET ${root}/api/remote/orders/live HTTP/1.1`,
      ...[`host: ${host}`, `origin: ${origin}`, `cookie: ${cookies.join('; ')}`],
      ...['upgrade: websocket', 'connection: upgrade', 'sec-websocket-version: 13'],
      ...['sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==', 'sec-fetch-site: same-origin', '', ''],
    ].join('\r\n'),
  )
  const [first] = await Promise.race([
    new Promise<[string]>((resolve) => socket.once('data', (it) => resolve([String(it)]))),
    new Promise<[string]>((resolve) => socket.once('close', () => resolve(['closed']))),
  ])
  socket.destroy()
  return first
}
