import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { freePort } from './free-port.ts'
import { type HostileApi, startBrokenApi, startHostileApi } from './hostile-api.ts'
import { createHttpBrowser } from './http-browser.ts'
import { type RawAnswer, rawRequest } from './raw-http.ts'
import { type ScriptedProvider, startScriptedProvider } from './scripted-provider.ts'
import { type Host, type RunningCloakroom, startCloakroom } from './start-cloakroom.ts'

/** A host under test, with somebody signed in. Its parts are there once a test runs. */
export interface HostUnderTest {
  readonly host: Host
  readonly running: RunningCloakroom
  readonly provider: ScriptedProvider
  /**
   * Behind `api` (below `/v1`, with the user's token), `kept` (its cookies travel), `small` (limited) and
   * `socket`; `own` lies at `/todos`, and `inner` at `/todos/inner`.
   */
  readonly api: HostileApi
  readonly cookie: string
  /** `Host`, `Sec-Fetch-Site` and `Cookie` lines. */
  readonly head: string
  /** Sends a request as it is written. */
  send(method: string, target: string, lines?: string[], body?: string): Promise<RawAnswer>
  /** Every status that is answered to these bytes within a moment; `cut`: they come in two pieces. */
  statusesOf(text: string, options?: { cut?: number }): Promise<number[]>
  /** Signs the same person in once more, in another browser; its `Cookie` line's value. */
  signIn(): Promise<string>
  /** The host still serves, and the session is still there. */
  assertWell(): Promise<void>
}

/** The same tests on `server.ts` and on `next start`, each a process of its own, over raw sockets. */
export function describeOnBothHosts(title: string, define: (at: HostUnderTest) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-hosts-'))
  let provider: ScriptedProvider
  let api: HostileApi
  let broken: Awaited<ReturnType<typeof startBrokenApi>>

  before(async () => {
    provider = await startScriptedProvider()
    api = await startHostileApi()
    broken = await startBrokenApi()
    const limits = { methods: ['GET', 'POST'], maxBody: '100KB', timeout: '1s' }
    const remotes = {
      api: { target: `${api.origin}/v1` },
      kept: { target: api.origin, cookies: ['csrf', 'lb'] },
      own: { target: `${api.origin}/v1`, path: '/todos' },
      inner: { target: `${api.origin}/v2`, path: '/todos/inner' },
      small: { target: api.origin, token: 'none', ...limits },
      socket: { target: api.origin, websocket: true },
      broken: { target: broken.origin, token: 'none', timeout: '1s' },
      down: { target: `http://127.0.0.1:${await freePort()}`, token: 'none' },
    }
    writeFileSync(join(directory, 'bff.json'), JSON.stringify({ remotes }))
  })
  after(async () => {
    await provider.close()
    await broken.close()
    api.close()
    rmSync(directory, { recursive: true })
  })

  for (const host of ['node', 'next'] as const) {
    describe(`${title} on the ${host} host`, () => {
      let running: RunningCloakroom
      let cookie = ''
      const at: HostUnderTest = {
        host,
        get running() {
          return running
        },
        get provider() {
          return provider
        },
        get api() {
          return api
        },
        get cookie() {
          return cookie
        },
        get head() {
          return `Host: localhost\r\nSec-Fetch-Site: same-origin\r\nCookie: ${cookie}\r\n`
        },
        send(method, target, lines = [], body = '') {
          const more = lines.map((line) => `${line}\r\n`).join('')
          const text = `${method} ${target} HTTP/1.1\r\n${at.head}${more}\r\n${body}`
          return rawRequest(running.port, text)
        },
        async signIn() {
          const browser = createHttpBrowser()
          const until = ({ pathname }: URL) => pathname === '/'
          await browser.visit(`${running.origin}/bff/login`, { until })
          // A second tab, where the next sign-in has begun.
          await browser.send(`${running.origin}/bff/login`)
          const cookies = [...(browser.jar.get('localhost') ?? [])]
          return cookies.map(([name, value]) => `${name}=${value}`).join('; ')
        },
        statusesOf: (text, options) => statusesOf(running.port, text, options?.cut),
        async assertWell() {
          const { status, body } = await at.send('GET', '/api/remote/api/well')
          assert.equal(status, 200, body)
        },
      }

      before(async () => {
        running = await startCloakroom({
          host,
          env: {
            OIDC_ISSUER: provider.issuer,
            OIDC_CLIENT_ID: provider.clientId,
            OIDC_CLIENT_SECRET: provider.clientSecret,
            BFF_CONFIG_FILE: join(directory, 'bff.json'),
            LOG_LEVEL: 'error',
            BFF_ACCESS_LOG: 'true',
          },
        })
        // Frameworks set themselves up at their first page: nothing is tested on a host that served none.
        await assertServesPages(running.origin)
        cookie = await at.signIn()
        await at.assertWell()
      })
      after(() => running.stop('SIGKILL'))

      define(at)
    })
  }
}

/** A page, and a script of it. Of an app whose start page was deleted it is the one for unknown addresses. */
async function assertServesPages(origin: string): Promise<void> {
  const page = await fetch(`${origin}/`)
  assert.ok(page.status === 200 || page.status === 404)
  const script =
    /\/_next\/static\/[^"]+\.js/.exec(await page.text())?.[0] ?? assert.fail('no script')
  const { status, body } = await fetch(origin + script)
  await body?.cancel()
  assert.equal(status, 200)
}

function statusesOf(port: number, text: string, cut = text.length): Promise<number[]> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  socket.write(text.slice(0, cut), 'latin1')
  setTimeout(() => socket.write(text.slice(cut), 'latin1'), 10)
  setTimeout(() => (cut % 2 ? socket.destroy() : socket.resetAndDestroy()), 100)
  return new Promise((resolve) => {
    socket.on('close', () => {
      resolve([...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)))
    })
  })
}
