import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../test/support/free-port.ts'
import { startScriptedProvider } from '../test/support/scripted-provider.ts'

test('A47: the demo’s commands leave a provider of one’s own alone, and start no other', async (t) => {
  const provider = await startScriptedProvider()
  t.after(() => provider.close())
  const port = String(await freePort())
  const root = join(import.meta.dirname, '..')
  const child = spawn(process.execPath, [join(root, 'demo/demo.ts')], {
    cwd: root,
    stdio: 'pipe',
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production' as const },
      ...{ PORT: port, BFF_STORE: 'memory', OIDC_ISSUER: provider.issuer },
      ...{ OIDC_CLIENT_ID: provider.clientId, OIDC_CLIENT_SECRET: provider.clientSecret },
      // Taken ports of a provider and an API that are not to be started are nobody's business.
      ...{
        DEMO_IDP_PORT: new URL(provider.issuer).port,
        DEMO_API_PORT: new URL(provider.issuer).port,
      },
    },
  })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  while (!output.includes('Ctrl-C')) {
    assert.equal(child.exitCode, null, output)
    await sleep(50)
  }
  assert.match(output, /Provider {4}http:\/\/\S+, by OIDC_ISSUER/)
  assert.doesNotMatch(output, /People:/)
  const login = await fetch(`http://localhost:${port}/bff/login`, { redirect: 'manual' })
  assert.ok(login.headers.get('location')?.startsWith(provider.issuer))
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
})
