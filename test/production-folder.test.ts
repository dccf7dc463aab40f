import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from './support/app.ts'
import { freePort } from './support/free-port.ts'
import { createHttpBrowser } from './support/http-browser.ts'
import { type PackedPackage, packPackage } from './support/packed-package.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'

const dockerfile = readFileSync(join(import.meta.dirname, '../deploy/Dockerfile'), 'utf8')
const [program = '', ...args] = lastJson(/^CMD (\[.+\])$/gm)
const healthCheck = lastJson(/^HEALTHCHECK CMD (\[.+\])$/gm)
const env = Object.fromEntries(
  [...dockerfile.matchAll(/^ENV (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]),
)
/** `nobody`, where this process may become somebody else. */
const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}

let packed: PackedPackage
let provider: ScriptedProvider
let hold: (() => void)[] = []
const api = createServer((request, response) => {
  if (request.url?.startsWith('/slow')) hold.push(() => response.end('done'))
  else response.end('ok')
})

before(async () => {
  provider = await startScriptedProvider()
  packed = await packPackage({ others: [] })
  packed.write(
    'bff.config.json',
    JSON.stringify({ remotes: { things: { target: await listen(api) } } }),
  )
  mkdirSync(join(packed.folder, 'data'))
  if (user.uid !== undefined) chownSync(join(packed.folder, 'data'), user.uid, user.gid)
  // Links lead to the packages of this repository, which stay as they are.
  execFileSync('chmod', [
    '-R',
    'a+rX,a-w',
    packed.installed,
    join(packed.folder, 'bff.config.json'),
  ])
  chmodSync(packed.folder, 0o555)
})
after(async () => {
  chmodSync(packed.folder, 0o755)
  execFileSync('chmod', ['-R', 'u+w', packed.installed])
  packed.remove()
  api.closeAllConnections()
  api.close()
  await provider.close()
})

function lastJson(pattern: RegExp): string[] {
  return JSON.parse([...dockerfile.matchAll(pattern)].at(-1)?.[1] ?? '[]') as string[]
}

async function start() {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const settings = {
    ...env,
    PATH: process.env.PATH ?? '',
    PORT: String(port),
    HOST: '127.0.0.1',
    BFF_SQLITE_FILE: join(packed.folder, 'data/sessions.db'),
    BFF_BASE_URL: origin,
    BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
    BFF_DRAIN: '1',
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: provider.clientId,
    OIDC_CLIENT_SECRET: provider.clientSecret,
    NODE_ENV: 'production' as const,
  }
  const node = program === 'node' ? process.execPath : program
  const child = spawn(node, args, { cwd: packed.folder, env: settings, stdio: 'pipe', ...user })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  const ended = once(child, 'exit')
  while (!output.includes('server.started')) {
    if (child.exitCode !== null) throw new Error(output)
    await sleep(10)
  }
  return { child, origin, ended, settings, output: () => output }
}

describe('the folder that deploy/Dockerfile makes', () => {
  test('A39: as another user, on files that nobody can write, it serves and is healthy', async (t) => {
    const { child, origin, settings, output } = await start()
    t.after(() => child.kill('SIGKILL'))
    const browser = createHttpBrowser()
    await browser.visit(`${origin}/bff/login`, { until: (url) => url.pathname === '/' })
    const headers = { 'sec-fetch-site': 'same-origin' }
    assert.equal((await browser.send(`${origin}/api/remote/things/x`, { headers })).body, 'ok')
    execFileSync(process.execPath, healthCheck.slice(1), { env: settings })
    assert.throws(() =>
      execFileSync(process.execPath, healthCheck.slice(1), {
        env: { ...settings, PORT: '1' },
        stdio: 'ignore',
      }),
    )
    assert.doesNotMatch(output(), /"level":"(?:warn|error)"/)
  })

  test('A39: SIGTERM under load loses no request', async (t) => {
    const { child, origin, ended } = await start()
    t.after(() => child.kill('SIGKILL'))
    const browser = createHttpBrowser()
    await browser.visit(`${origin}/bff/login`, { until: (url) => url.pathname === '/' })
    const headers = { 'sec-fetch-site': 'same-origin' }
    hold = []
    const calls = Array.from({ length: 40 }, (_, i) =>
      browser.send(`${origin}/api/remote/things/slow/${i}`, { headers }),
    )
    while (hold.length < calls.length) await sleep(10)
    child.kill('SIGTERM')
    // What still comes while it drains is served.
    const late = await browser.send(`${origin}/api/remote/things/late`, { headers })
    for (const answer of hold) answer()
    const answers = await Promise.all(calls)
    assert.deepEqual(
      answers.map(({ status, body }) => `${status} ${body}`),
      Array(calls.length).fill('200 done'),
    )
    assert.equal(late.body, 'ok')
    assert.deepEqual(await ended, [0, null])
  })
})
