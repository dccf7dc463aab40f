import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { after, before, describe, test } from 'node:test'
import { listen } from './support/app.ts'
import { cookiesOf } from './support/cookie-names.ts'
import { createHttpBrowser } from './support/http-browser.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'
import { type Host, type RunningCloakroom, startCloakroom } from './support/start-cloakroom.ts'

const gibibyte = 2 ** 30
const chunk = Buffer.alloc(64 * 1024, 'cloakroom ')
const directory = mkdtempSync(join(tmpdir(), 'cloakroom-giant-'))
let provider: ScriptedProvider
let running: RunningCloakroom
let cookie: string

function* giant(bytes = gibibyte) {
  for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk
}

async function count(stream: AsyncIterable<Buffer>): Promise<number> {
  let bytes = 0
  for await (const piece of stream) bytes += piece.length
  return bytes
}

const api = createServer(async (incoming, outgoing) => {
  if (incoming.method === 'POST') {
    outgoing.end(String(await count(incoming)))
    return
  }
  outgoing.writeHead(200, { 'content-type': 'application/octet-stream' })
  const bytes = incoming.url === '/warm-up' ? gibibyte / 4 : gibibyte
  await pipeline(Readable.from(giant(bytes)), outgoing).catch(() => undefined)
})

before(async () => {
  provider = await startScriptedProvider()
  const file = join(directory, 'bff.json')
  writeFileSync(file, JSON.stringify({ remotes: { files: { target: await listen(api) } } }))
})
after(async () => {
  await provider.close()
  api.closeAllConnections()
  api.close()
  rmSync(directory, { recursive: true, force: true })
})

async function startHost(host: Host): Promise<void> {
  running = await startCloakroom({
    host,
    env: {
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: provider.clientId,
      OIDC_CLIENT_SECRET: provider.clientSecret,
      BFF_CONFIG_FILE: join(directory, 'bff.json'),
      BFF_STORE: 'sqlite',
      BFF_SQLITE_FILE: join(directory, `${host}.db`),
    },
  })
  const browser = createHttpBrowser()
  await browser.visit(`${running.origin}/bff/login`, { until: (url) => url.pathname === '/' })
  const { ticket } = cookiesOf(running.origin)
  cookie = `${ticket}=${browser.jar.get('localhost')?.get(ticket)}`
  // The slack that the garbage collector takes at the first load, once and for good, is no growth.
  await count(await send('GET', '/warm-up'))
  await (await send('POST', '/warm-up', Readable.from(giant(gibibyte / 4)))).toArray()
}

async function send(method: 'GET' | 'POST', path = '', body?: Readable): Promise<IncomingMessage> {
  const headers = { cookie, 'sec-fetch-site': 'same-origin' }
  const call = request(`${running.origin}/api/remote/files${path}`, { method, headers })
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    call.on('response', resolve).on('error', reject)
  })
  if (body) await pipeline(body, call)
  else call.end()
  return answer
}

/** Resident memory of the server, in bytes. */
function memory(): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(running.pid)])) * 1024
}

async function growthDuring(work: () => Promise<void>): Promise<number> {
  const start = memory()
  let peak = start
  const watch = setInterval(() => {
    peak = Math.max(peak, memory())
  }, 50)
  try {
    await work()
  } finally {
    clearInterval(watch)
  }
  return Math.max(peak, memory()) - start
}

for (const host of ['node', 'next'] as const) {
  describe('P5: bodies of a gibibyte pass in constant memory', () => {
    before(() => startHost(host))
    after(() => running.stop('SIGKILL'))

    test(`down, on the ${host} host`, { timeout: 180_000 }, async (t) => {
      const growth = await growthDuring(async () => {
        const answer = await send('GET', '/x')
        assert.equal(answer.statusCode, 200)
        assert.equal(await count(answer), gibibyte)
      })
      t.diagnostic(`memory grew by ${Math.round(growth / 2 ** 20)} MB`)
      assert.ok(growth < 100e6, `${growth} bytes`)
    })

    test(`up, on the ${host} host`, { timeout: 180_000 }, async (t) => {
      const growth = await growthDuring(async () => {
        const answer = await send('POST', '/x', Readable.from(giant()))
        assert.equal(answer.statusCode, 200)
        assert.equal(String(Buffer.concat(await answer.toArray())), String(gibibyte))
      })
      t.diagnostic(`memory grew by ${Math.round(growth / 2 ** 20)} MB`)
      assert.ok(growth < 100e6, `${growth} bytes`)
    })
  })
}
