import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { listen } from './support/app.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'

test('the worker example makes 100 calls over three token lifetimes', async (t) => {
  const provider = await startScriptedProvider({ accessTokenLifetime: 2 })
  t.after(() => provider.close())
  const tokens: string[] = []
  const api = createServer((request, response) => {
    const token = String(request.headers.authorization)
    if (!tokens.includes(token)) tokens.push(token)
    response.end('{}')
  })
  const url = await listen(api)
  t.after(() => {
    api.closeAllConnections()
    api.close()
  })
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(import.meta.dirname, '../examples/worker.ts')],
    {
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        OIDC_ISSUER: provider.issuer,
        OIDC_CLIENT_ID: provider.clientId,
        OIDC_CLIENT_SECRET: provider.clientSecret,
        BFF_BASE_URL: 'http://localhost:3000',
        BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
        BFF_STORE: 'memory',
        LOG_LEVEL: 'silent',
        WORKER_API_URL: url,
        WORKER_CALLS: '100',
        WORKER_PAUSE_MS: '60',
      },
    },
  )
  const answers = stdout.trim().split('\n')
  assert.equal(answers.length, 100)
  assert.deepEqual([...new Set(answers.map((line) => line.split(': ')[1]))], ['200'])
  assert.ok(tokens.length >= 4, `${tokens.length} tokens`)
  assert.equal(provider.tokenRequests('client_credentials').length, tokens.length)
})
