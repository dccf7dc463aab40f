import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { exampleStage } from '../support/installed-example.ts'

test('a test that begins signed in: without a provider, with the runner that people use', async (t) => {
  const { run } = await exampleStage(t)
  const env = { BFF_BASE_URL: `http://localhost:${await freePort()}`, NODE_ENV: 'test' }
  const found = await run('@playwright/test/cli.js', ['test', '--reporter=line'], {
    ...env,
    CHROMIUM_PATH: '/usr/bin/chromium',
  })
  assert.match(found, /2 passed/)
})
