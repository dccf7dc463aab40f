import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from './support/app.ts'
import { freePort } from './support/free-port.ts'
import { createHttpBrowser, type HttpBrowser } from './support/http-browser.ts'
import { type PackedPackage, packPackage } from './support/packed-package.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'

const examples = join(import.meta.dirname, '../examples')
const servers = ['express', 'fastify', 'hono-node', 'node'] as const
const fromPage = { 'sec-fetch-site': 'same-origin' }

let packed: PackedPackage
let provider: ScriptedProvider
let ordersApi: string
const api = createServer((request, response) => {
  if (request.method === 'POST') return void request.pipe(response)
  if (request.url === '/stream') {
    response.write('first ')
    return void setTimeout(() => response.end('second'), 30)
  }
  response.end(`orders for ${request.headers.authorization?.slice(0, 7)}`)
})

before(async () => {
  provider = await startScriptedProvider()
  ordersApi = await listen(api)
  packed = await packPackage({ others: ['express', 'fastify', 'hono', '@hono/node-server'] })
})
after(async () => {
  packed.remove()
  api.closeAllConnections()
  api.close()
  await provider.close()
})

interface Running {
  readonly origin: string
  readonly browser: HttpBrowser
  readonly child: ChildProcess
  readonly output: () => string
}

/** An example as whoever has copied and installed it starts it, and nobody signed in. */
async function start(t: TestContext, name: string, args: string[]): Promise<Running> {
  const folder = join(packed.folder, name)
  cpSync(join(examples, name), folder, { recursive: true })
  const config = join(folder, 'bff.config.json')
  if (existsSync(config)) {
    const text = readFileSync(config, 'utf8').replace('https://api.example.com/orders', ordersApi)
    packed.write(join(name, 'bff.config.json'), text)
  }
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const child = spawn(process.execPath, args, {
    cwd: folder,
    stdio: 'pipe',
    env: {
      ...{ PATH: process.env.PATH, NODE_ENV: 'production' as const, HOST: '127.0.0.1' },
      ...{ PORT: String(port), BFF_BASE_URL: origin, BFF_STORE: 'memory', BFF_DRAIN: '0' },
      BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: provider.clientId,
      OIDC_CLIENT_SECRET: provider.clientSecret,
      ORDERS_API: ordersApi,
    },
  })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  for (;;) {
    const answer = await fetch(`${origin}/bff/health/live`).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok) break
    if (child.exitCode !== null) throw new Error(`${name} ended: ${output}`)
    await sleep(30)
  }
  return { origin, browser: createHttpBrowser(), child, output: () => output }
}

const signIn = ({ browser, origin }: Running) =>
  browser.visit(`${origin}/bff/login`, { until: (url) => url.pathname === '/' })

describe('examples', () => {
  for (const name of servers) {
    test(`A46: ${name}: a local API, a remote one, a page, and the way out`, async (t) => {
      const running = await start(t, name, ['server.js'])
      const { origin, browser, child } = running
      const send = (path: string, init = {}) =>
        browser.send(`${origin}${path}`, {
          ...{ headers: fromPage, dest: /^\/(?:todos|api)/.test(path) ? 'empty' : 'document' },
          ...init,
        })

      assert.equal((await send('/todos')).status, 401)
      assert.match((await send('/')).body, /Sign in/)
      await signIn(running)
      assert.match((await send('/')).body, /Hello alice/)
      const foreign = { headers: { 'sec-fetch-site': 'cross-site' } }
      assert.equal((await send('/todos', foreign)).status, 403)
      const todos = await send('/todos')
      assert.deepEqual(JSON.parse(todos.body), { sub: 'alice', todos: ['read the docs'] })
      assert.equal(todos.headers.get('cache-control'), 'private, no-store')
      const added = await send('/todos', {
        method: 'POST',
        headers: { ...fromPage, 'content-type': 'application/json' },
        body: '{"title":"écrire"}',
      })
      assert.equal(added.status, 201)
      assert.deepEqual(JSON.parse(added.body), { sub: 'alice', added: 'écrire' })

      assert.equal((await send('/api/remote/orders/x')).body, 'orders for Bearer ')
      assert.equal((await send('/api/remote/orders/stream')).body, 'first second')
      const upload = 'x'.repeat(300_000)
      const echoed = await send('/api/remote/orders/echo', {
        method: 'POST',
        headers: { ...fromPage, 'content-type': 'application/json' },
        body: upload,
      })
      assert.equal(echoed.body.length, upload.length)

      assert.equal((await send('/bff/logout', { method: 'POST' })).status, 303)
      assert.equal((await send('/todos')).status, 401)
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      assert.deepEqual(await ended, [0, null])
    })
  }

  test('A46: plain-js: a page by settings alone, its API at a path of its own', async (t) => {
    const main = join(packed.installed, 'lib/command/main.js')
    const running = await start(t, 'plain-js', [main, 'serve'])
    const { origin, browser } = running
    await signIn(running)
    const page = await browser.send(`${origin}/`, { headers: { 'sec-fetch-dest': 'document' } })
    assert.match(page.body, /<script type="module" src="\/app\.js">/)
    const csrf = { 'x-csrf': '1' }
    const orders = await browser.send(`${origin}/orders`, { headers: { ...fromPage, ...csrf } })
    assert.equal(orders.body, 'orders for Bearer ')
    assert.equal((await browser.send(`${origin}/app.js`)).status, 200)
  })
})
