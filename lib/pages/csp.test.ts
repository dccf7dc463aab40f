import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { contentSecurityPolicy, createNonce, pageHeaders } from './csp.ts'

const providerOrigins = {
  signIn: ['https://login.example'],
  signOut: ['https://login.example', 'https://out.example'],
}
const production = { nonce: 'abc', https: true, development: false, providerOrigins }

function directive(policy: string, name: string): string | undefined {
  return policy.split('; ').find((each) => each.startsWith(`${name} `))
}

describe('the content security policy of pages', () => {
  test('runs only scripts with the nonce and what they load', () => {
    const scripts = directive(contentSecurityPolicy(production), 'script-src')
    assert.equal(scripts, "script-src 'self' 'nonce-abc' 'strict-dynamic'")
  })

  test('lets nothing inline in production, neither script nor style', () => {
    assert.doesNotMatch(contentSecurityPolicy(production), /unsafe-/)
  })

  test('lets data go nowhere but home', () => {
    const policy = contentSecurityPolicy(production)
    assert.equal(directive(policy, 'connect-src'), "connect-src 'self'")
    assert.equal(directive(policy, 'default-src'), "default-src 'self'")
  })

  test('A6: images come from here, frames from the provider', () => {
    const policy = contentSecurityPolicy(production)
    assert.equal(directive(policy, 'img-src'), "img-src 'self' data:")
    assert.equal(directive(policy, 'frame-src'), "frame-src 'self' https://login.example")
  })

  test('A6: a form leads home, and to the provider’s sign-in and sign-out', () => {
    const policy = contentSecurityPolicy(production)
    const sources = "'self' https://login.example https://out.example"
    assert.equal(directive(policy, 'form-action'), `form-action ${sources}`)
  })

  test('while the provider is not known, frames and forms may lead to any, on plain http only on this machine', () => {
    const sources = (name: string, https: boolean) =>
      directive(contentSecurityPolicy({ ...production, https, providerOrigins: undefined }), name)
    for (const name of ['frame-src', 'form-action']) {
      assert.equal(sources(name, true), `${name} 'self' https:`)
      const local = `${name} 'self' https: http://localhost:* http://127.0.0.1:*`
      assert.equal(sources(name, false), local)
    }
  })

  test('A6: no page may be framed', () => {
    assert.equal(
      directive(contentSecurityPolicy(production), 'frame-ancestors'),
      "frame-ancestors 'none'",
    )
    assert.equal(pageHeaders(production)['x-frame-options'], 'DENY')
  })

  test('a nonce is 128 random bits that a policy and an attribute can hold', () => {
    const nonces = new Set(Array.from({ length: 100 }, createNonce))
    assert.equal(nonces.size, 100)
    for (const nonce of nonces) assert.match(nonce, /^[A-Za-z0-9+/]{22}==$/)
  })
})

test('HSTS is said over https only', () => {
  assert.ok(pageHeaders(production)['strict-transport-security'])
  const plain = pageHeaders({ ...production, https: false })
  assert.equal(plain['strict-transport-security'], undefined)
  assert.doesNotMatch(plain['content-security-policy'] ?? '', /upgrade-insecure/)
})
