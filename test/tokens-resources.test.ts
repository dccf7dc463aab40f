import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApp } from './support/app.ts'
import { startUpstream } from './support/remote-fixture.ts'

test('T6: proxied calls for two resources at once, tokens expired, bring each its own', async (t) => {
  const upstream = await startUpstream()
  t.after(() => upstream.close())
  const remote = (resource: string) => ({ target: `${upstream.origin}/${resource}`, resource })
  const app = await startApp({
    config: { remotes: { a: remote('urn:a'), b: remote('urn:b') } },
    provider: { accessTokenLifetime: 300 },
  })
  t.after(() => app.close())
  /** For which resource each access token is, as the provider has it. */
  const resourceOf = new Map<string, string | null>()
  app.provider.override('token', async (request, usual) => {
    const answer = await usual()
    const { access_token } = answer.body as { access_token: string }
    resourceOf.set(access_token, request.params.get('resource'))
    return answer
  })
  const browser = app.browser()
  await browser.signInHere()

  async function callBoth(): Promise<Set<string>> {
    const earlier = upstream.requests.length
    const calls = Array.from({ length: 40 }, (_, i) =>
      browser.call(`/api/remote/${i % 2 === 0 ? 'a' : 'b'}/${i}`),
    )
    for (const { status } of await Promise.all(calls)) assert.equal(status, 200)
    const seen = upstream.requests.slice(earlier).map(({ url = '', headers }) => {
      const token = headers.authorization?.replace('Bearer ', '') ?? ''
      assert.equal(resourceOf.get(token), url.split('/')[1])
      return token
    })
    assert.equal(seen.length, 40)
    return new Set(seen)
  }
  const refreshes = () => app.provider.tokenRequests('refresh_token').length

  const first = await callBoth()
  assert.deepEqual([first.size, refreshes()], [2, 2])
  app.advance(301_000)
  const second = await callBoth()
  assert.deepEqual([second.size, refreshes()], [2, 4])
  assert.ok([...second].every((token) => !first.has(token)))
  // With a provider that rotates, a refresh token that was used twice would have ended the session.
  assert.ok(await browser.user())
})

test('T6: proxied calls for one resource with two scopes bring each its own', async (t) => {
  const upstream = await startUpstream()
  t.after(() => upstream.close())
  const remote = (scope: string) => ({
    target: `${upstream.origin}/${scope}`,
    resource: 'urn:a',
    scope,
  })
  const app = await startApp({ config: { remotes: { r: remote('read'), w: remote('write') } } })
  t.after(() => app.close())
  const scopeOf = new Map<string, string | null>()
  app.provider.override('token', async (request, usual) => {
    const answer = await usual()
    const { access_token } = answer.body as { access_token: string }
    scopeOf.set(`Bearer ${access_token}`, request.params.get('scope'))
    return answer
  })
  const browser = app.browser()
  await browser.signInHere()
  for (const name of ['r', 'w', 'r', 'w']) {
    assert.equal((await browser.call(`/api/remote/${name}/x`)).status, 200)
    const { url = '', headers } = upstream.requests.at(-1) ?? { headers: {} }
    assert.equal(scopeOf.get(String(headers.authorization)), url.split('/')[1])
  }
  assert.equal(app.provider.tokenRequests('refresh_token').length, 2)
})

for (const [where, named] of [
  ['sign-in', ['urn:a', 'urn:b']],
  ['token', []],
] as const) {
  test(`T31: oidc.resources ${where}: at sign-in ${named.length}, and each with its token`, async (t) => {
    const upstream = await startUpstream()
    t.after(() => upstream.close())
    const remote = (resource: string) => ({ target: upstream.origin, resource })
    const app = await startApp({
      config: {
        oidc: { resources: where },
        remotes: { a: remote('urn:a'), b: remote('urn:b') },
      },
    })
    t.after(() => app.close())
    const browser = app.browser()
    await browser.signInHere()
    for (const name of ['a', 'b']) {
      assert.equal((await browser.call(`/api/remote/${name}/x`)).status, 200)
    }
    const asked = app.provider.requests.find(({ name }) => name === 'authorize')
    assert.deepEqual(asked?.params.getAll('resource'), named)
    const refreshed = app.provider.tokenRequests('refresh_token').map((it) => it.get('resource'))
    assert.deepEqual(refreshed, ['urn:a', 'urn:b'])
  })
}
