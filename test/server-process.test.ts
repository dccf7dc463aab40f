import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from './support/app.ts'
import { freePort } from './support/free-port.ts'
import { createHttpBrowser, type HttpBrowser } from './support/http-browser.ts'
import { pageStatus } from './support/page-status.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'
import { startCloakroom } from './support/start-cloakroom.ts'

const directory = mkdtempSync(join(tmpdir(), 'cloakroom-process-'))
const secret = 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA'
let provider: ScriptedProvider
let env: Record<string, string>
let slow: (() => void)[] = []

const api = createServer((request, response) => {
  if (request.url === '/base/slow') slow.push(() => response.end('done'))
  else
    response.end(
      JSON.stringify({ url: request.url, bearer: request.headers.authorization?.slice(0, 7) }),
    )
})

before(async () => {
  provider = await startScriptedProvider()
  const file = join(directory, 'bff.json')
  writeFileSync(
    file,
    JSON.stringify({ remotes: { things: { target: `${await listen(api)}/base` } } }),
  )
  env = {
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: provider.clientId,
    OIDC_CLIENT_SECRET: provider.clientSecret,
    BFF_CONFIG_FILE: file,
    BFF_SECRET: secret,
    BFF_STORE: 'sqlite',
    BFF_SQLITE_FILE: join(directory, 'sessions.db'),
  }
})
after(async () => {
  api.closeAllConnections()
  api.close()
  await provider.close()
  rmSync(directory, { recursive: true, force: true })
})

async function signIn(origin: string): Promise<HttpBrowser> {
  const browser = createHttpBrowser()
  await browser.visit(`${origin}/bff/login`, { until: (url) => url.pathname === '/' })
  return browser
}
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10)
}
const fromPage = { headers: { 'sec-fetch-site': 'same-origin' } }

describe('the server as a process', () => {
  test('runs by environment alone against another provider and another API', async (t) => {
    const running = await startCloakroom({ env })
    t.after(() => running.stop('SIGKILL'))
    const browser = await signIn(running.origin)
    const answer = await browser.send(`${running.origin}/api/remote/things/a%20b?c=d`, fromPage)
    assert.equal(answer.status, 200)
    assert.deepEqual(JSON.parse(answer.body), { url: '/base/a%20b?c=d', bearer: 'Bearer ' })
    const user = await browser.send(`${running.origin}/bff/user`, fromPage)
    assert.match(user.body, /"alice"/)
  })

  test('keeps the sessions when it is killed and started again (sqlite)', async (t) => {
    const first = await startCloakroom({ env })
    const browser = await signIn(first.origin)
    await first.stop('SIGKILL')
    const second = await startCloakroom({ env, port: first.port })
    t.after(() => second.stop('SIGKILL'))
    const user = await browser.send(`${second.origin}/bff/user`, fromPage)
    assert.equal(user.status, 200)
    assert.match(user.body, /"alice"/)
  })

  test('A2: on SIGTERM the requests in flight are answered, and the process ends with 0', async () => {
    const running = await startCloakroom({ env })
    const browser = await signIn(running.origin)
    // Browsers open connections ahead of need; one that is never used holds nothing up.
    const spare = connect(running.port, '127.0.0.1').on('error', () => {})
    await once(spare, 'connect')
    slow = []
    const call = browser.send(`${running.origin}/api/remote/things/slow`, fromPage)
    while (slow.length === 0) await sleep(5)
    const stopped = running.stop('SIGTERM')
    while (!running.log().some(({ event }) => event === 'server.stopping')) await sleep(5)
    await until(() =>
      fetch(`${running.origin}/bff/health/live`).then(
        () => false,
        () => true,
      ),
    )
    slow[0]?.()
    assert.equal((await call).body, 'done')
    assert.equal((await stopped).code, 0)
    assert.ok(running.log().some(({ event, forced }) => event === 'server.stopped' && !forced))
  })

  for (const [host, code] of [
    ['node', 0],
    // `next start` says by which signal it ended.
    ['next', 143],
  ] as const) {
    test(`A2: after SIGTERM newcomers are served for BFF_DRAIN, unless a second one comes (${host})`, async (t) => {
      const running = await startCloakroom({ host, env: { ...env, BFF_DRAIN: '5m' } })
      t.after(() => running.stop('SIGKILL'))
      const browser = await signIn(running.origin)
      const target = `${running.origin}/api/remote/things/x`
      process.kill(running.pid, 'SIGTERM')
      const statusOf = (path: string) =>
        fetch(running.origin + path).then(async ({ status, body, headers }) => {
          await body?.cancel()
          return [status, headers.get('connection')]
        })
      await until(async () => (await statusOf('/bff/health/ready'))[0] === 503)
      // The same signal again, by another way.
      process.kill(running.pid, 'SIGTERM')
      for (const path of ['/', '/bff/health/live']) {
        assert.deepEqual(await statusOf(path), [pageStatus(path), 'close'], path)
      }
      const answer = await browser.send(target, fromPage)
      assert.deepEqual([answer.status, answer.headers.get('connection')], [200, 'close'])
      const ended = running.ended()
      const again = setInterval(() => process.kill(running.pid, 'SIGTERM'), 100)
      t.after(() => clearInterval(again))
      assert.equal(await ended.finally(() => clearInterval(again)), code)
    })
  }

  for (const host of ['node', 'next'] as const) {
    test(`A1: a bad configuration stops the start with every problem listed (${host})`, async () => {
      const running = await startCloakroom({
        host,
        waitForReady: false,
        env: { ...env, OIDC_ISSUER: 'http://idp.example', BFF_SECRET: 'short', BFF_STORE: 'paper' },
      })
      assert.notEqual(await running.ended(), 0)
      for (const name of ['OIDC_ISSUER', 'BFF_SECRET', 'BFF_STORE']) {
        assert.match(running.output(), new RegExp(name))
      }
    })

    test(`A14: a protected page that no gate guards stops the start (${host})`, async (t) => {
      const file = join(directory, `unguarded-${host}.json`)
      writeFileSync(file, JSON.stringify({ spa: { protectedPages: ['/account', '/api/reports'] } }))
      const running = await startCloakroom({
        host,
        waitForReady: false,
        env: { ...env, BFF_CONFIG_FILE: file },
      })
      t.after(() => running.stop('SIGKILL'))
      await until(() => /protectedPages|server.started/.test(running.output()))
      assert.match(running.output(), /spa\.protectedPages\[1\] is not seen by the middleware/)
      assert.doesNotMatch(running.output(), /protectedPages\[0\]/)
      assert.notEqual(await running.ended(), 0)
    })
  }

  test('BFF_WORKERS: processes share the port and the sessions, and one that is killed is replaced', async (t) => {
    const running = await startCloakroom({ env: { ...env, BFF_WORKERS: '2' } })
    t.after(() => running.stop('SIGKILL'))
    const starts = () => running.log().filter(({ event }) => event === 'server.started')
    await until(() => starts().length === 2)
    const browser = await signIn(running.origin)
    const [one, two] = starts().map(({ pid }) => Number(pid))
    assert.notEqual(one, two)
    process.kill(one ?? 0, 'SIGKILL')
    await until(() => starts().length === 3)
    const ended = running.log().find(({ event }) => event === 'worker.ended')
    assert.equal(ended?.signal, 'SIGKILL')
    for (let i = 0; i < 6; i++) {
      const headers = { ...fromPage.headers, connection: 'close' }
      const user = await browser.send(`${running.origin}/bff/user`, { headers })
      assert.match(user.body, /"alice"/)
    }
    assert.equal((await running.stop('SIGTERM')).code, 0)
    assert.equal(running.log().filter(({ event }) => event === 'server.stopped').length, 2)
  })

  test('a request that offers an upgrade to HTTP/2 is answered as it stands', async (t) => {
    const running = await startCloakroom({ env })
    t.after(() => running.stop('SIGKILL'))
    const socket = connect(running.port, '127.0.0.1')
    const lines = [
      'GET /bff/health/live HTTP/1.1',
      'Host: localhost',
      'Connection: Upgrade',
      'Upgrade: h2c',
    ]
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    assert.match(answer.toString(), /^HTTP\/1\.1 200 /)
  })

  test('a port that is taken ends the start with a clear error', async () => {
    const taken = createServer()
    const port = Number(new URL(await listen(taken)).port)
    const running = await startCloakroom({ env, port, waitForReady: false })
    assert.notEqual(await running.ended(), 0)
    assert.match(running.output(), /PORT is \d+ at 127\.0\.0\.1, which another process uses/)
    taken.close()
  })

  test('A38: a signal to npm start reaches the server', async (t) => {
    const port = await freePort()
    const child = spawn('npm', ['start', '--silent'], {
      cwd: join(import.meta.dirname, '..'),
      stdio: 'pipe',
      // A group of its own: what a signal to one process does is the question.
      detached: true,
      env: {
        ...{ PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production' as const },
        ...{ PORT: String(port), HOST: '127.0.0.1', BFF_BASE_URL: `http://localhost:${port}` },
        ...{ ...env, BFF_STORE: 'memory', BFF_DRAIN: '0', NEXT_TELEMETRY_DISABLED: '1' },
      },
    })
    t.after(() => {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL')
      } catch {
        // Nobody is left.
      }
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk
      })
    }
    await until(() => output.includes('server.started') || child.exitCode !== null)
    assert.match(output, /server\.started/)
    child.kill('SIGTERM')
    await until(() => output.includes('server.stopped'))
  })
})
