import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createWebBff } from '#lib/hosts/create-web-bff.ts'

test('A30: a second one with another configuration is refused, and not served by the first', async (t) => {
  const set = {
    OIDC_ISSUER: 'https://op.example',
    OIDC_CLIENT_ID: 'one',
    OIDC_CLIENT_SECRET: 'one-that-the-provider-gave',
    BFF_BASE_URL: 'https://app.example',
    BFF_SECRET: 'q8Jr2xkP0vT7nYb4LwZc9dHfGs1mEa6U',
    BFF_STORE: 'memory',
    LOG_LEVEL: 'silent',
  }
  Object.assign(process.env, set)
  t.after(() => {
    for (const name of Object.keys(set)) delete process.env[name]
  })
  const config = { basePath: '/a' }
  const one = createWebBff(config)
  t.after(() => one.close())
  await one.ready()
  // As a development server does that loads the module again.
  await createWebBff({ ...config }).ready()
  const other = createWebBff({ basePath: '/b' })
  await assert.rejects(other.ready(), /another configuration/)
  await assert.rejects(other.fetch(new Request('https://app.example/b/login')), /frontends/)
})
