import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NextRequest } from 'next/server.js'
import { nextConfigWith } from '#lib/hosts/next-config.ts'
import { createNextMiddleware } from '#lib/hosts/next-middleware.ts'

const settings = {
  isOurs: false,
  protectedPages: ['/account'],
  ownPaths: ['/bff', '/api/remote'],
  basePath: '/bff',
  origin: 'https://app.example',
  https: true,
  providerOrigins: { signIn: ['https://login.example'], signOut: [] },
  development: false,
}
const middleware = createNextMiddleware({
  pageSettings: async (_, pathname) => ({ ...settings, isOurs: pathname.startsWith('/bff/') }),
  async peekSession({ headers }) {
    const cookie = headers.get('cookie')
    return cookie === 'down' ? 'unavailable' : cookie ? 'signed-in' : 'anonymous'
  },
})
const navigates = {
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'none',
}
const ask = (path: string, headers: Record<string, string> = navigates) =>
  new NextRequest(`https://app.example${path}`, { headers })

describe('the middleware of a Next app', () => {
  test('A32: pages pass with headers that suit what was built once, to which more may be added', async () => {
    const response = await middleware(ask('/static'))
    assert.equal(response.headers.get('x-middleware-next'), '1')
    const policy = response.headers.get('content-security-policy') ?? ''
    assert.doesNotMatch(policy, /script-src|default-src|nonce/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(response.headers.get('x-middleware-override-headers'), null)
    response.headers.set('x-more', '1')
  })

  test('A32: a nonce only when it is asked for', async () => {
    const response = await middleware(ask('/'), { csp: 'nonce' })
    const policy = response.headers.get('content-security-policy') ?? ''
    assert.match(policy, /script-src 'self' 'nonce-/)
    assert.equal(response.headers.get('x-middleware-request-content-security-policy'), policy)
  })

  test('A32: protected pages are gated, and what is ours guards itself', async () => {
    const anonymous = await middleware(ask('/account'))
    assert.equal(anonymous.status, 302)
    assert.equal(
      anonymous.headers.get('location'),
      'https://app.example/bff/login?returnUrl=%2Faccount',
    )
    const signedIn = await middleware(ask('/account', { ...navigates, cookie: 'x' }))
    assert.equal(signedIn.headers.get('x-middleware-next'), '1')
    assert.equal((await middleware(ask('/account', { ...navigates, cookie: 'down' }))).status, 503)
    const own = await middleware(ask('/bff/user', {}))
    assert.equal(own.headers.get('content-security-policy'), null)
  })
})

describe('the configuration of a Next app', () => {
  test('A33: what an app says stays, and what must be is added', async () => {
    const config = nextConfigWith<Record<string, unknown>>({
      reactStrictMode: true,
      serverExternalPackages: ['sharp'],
    })
    assert.equal(config.reactStrictMode, true)
    assert.equal(config.compress, false)
    assert.equal(config.skipTrailingSlashRedirect, true)
    assert.equal(config.skipProxyUrlNormalize, true)
    const packages = config.serverExternalPackages as string[]
    assert.ok(packages.includes('sharp') && packages.includes('cloakroom'))
  })

  test('A33: a function stays one, and is asked as Next asks it', async () => {
    const made = nextConfigWith(async (phase: string) => ({ distDir: phase, compress: true }))
    assert.deepEqual(await made('phase-x').then(({ distDir, compress }) => [distDir, compress]), [
      'phase-x',
      false,
    ])
  })
})
