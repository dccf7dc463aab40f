import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import { type App, startApp } from './support/app.ts'

/** Whose access token is whose, by watching the token endpoint. */
function watchTokens(app: App, signingIn: () => string) {
  const ownerOfAccess = new Map<string, string>()
  const ownerOfRefresh = new Map<string, string>()
  app.provider.state.idTokenOnRefresh = false
  app.provider.override('token', async (request, usual) => {
    const used = request.params.get('refresh_token')
    const owner = used === null ? signingIn() : ownerOfRefresh.get(used)
    if (used !== null) await sleep(Math.random() * 30)
    const answer = await usual()
    const { access_token, refresh_token } = answer.body as Record<string, string>
    if (owner && access_token) ownerOfAccess.set(access_token, owner)
    if (owner && refresh_token) ownerOfRefresh.set(refresh_token, owner)
    return answer
  })
  return ownerOfAccess
}

for (const dpop of [false, true]) {
  describe(`many users at once, ${dpop ? 'DPoP with nonces' : 'Bearer'}`, () => {
    test('S9: every upstream call bears its own user’s token', async (t) => {
      const wrong: string[] = []
      let owners = new Map<string, string>()
      const nonces = new Set<string>()
      const challenged = new Set<unknown>()
      const api = async (request: IncomingMessage, response: ServerResponse) => {
        await sleep(Math.random() * 20)
        const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ')
        const expected = request.headers['x-user']
        if (owners.get(token) !== expected || scheme !== (dpop ? 'DPoP' : 'Bearer')) {
          wrong.push(`${expected}: ${scheme} token of ${owners.get(token)}`)
        }
        if (dpop) {
          const proof = String(request.headers.dpop)
          const { nonce } = decodeJwt(proof)
          if (nonces.has(proof)) wrong.push('a proof was used twice')
          nonces.add(proof)
          const call = request.headers['x-request-id']
          // A second challenge for one call would be passed on.
          if (!challenged.has(call) && (typeof nonce !== 'string' || Math.random() < 0.1)) {
            challenged.add(call)
            const challenge = 'DPoP error="use_dpop_nonce"'
            const headers = { 'www-authenticate': challenge, 'dpop-nonce': `n-${Math.random()}` }
            return response.writeHead(401, headers).end()
          }
        }
        response.end(String(expected))
      }
      let signingIn = ''
      const app = await startApp({
        api,
        config: dpop ? { oidc: { dpop } } : {},
        provider: { accessTokenLifetime: 300 },
      })
      t.after(() => app.close())
      owners = watchTokens(app, () => signingIn)

      const users: { name: string; browser: ReturnType<App['browser']> }[] = []
      for (let i = 0; i < 20; i++) {
        signingIn = `user-${i}`
        app.provider.state.claims = { sub: signingIn }
        const browser = app.browser()
        await browser.signInHere()
        users.push({ name: signingIn, browser })
      }
      const calls = Array.from({ length: 500 }, async (_, i) => {
        await sleep(Math.random() * 500)
        if (i % 100 === 0) app.advance(280_000)
        const { name, browser } = users[i % users.length] as (typeof users)[number]
        const answer = await browser.call(`/api/remote/api/${i}`, { headers: { 'x-user': name } })
        // A second challenge in a row is passed on; what counts is that no answer is somebody else's.
        if (answer.status === 200) assert.equal(answer.body, name)
        else assert.equal(answer.status, 401)
        return answer.status
      })
      const statuses = await Promise.all(calls)
      assert.deepEqual(wrong, [])
      assert.ok(statuses.filter((status) => status === 200).length > 450)
      assert.ok(app.provider.tokenRequests('refresh_token').length >= users.length)
    })
  })
}

test('S9: no cache keeps what was answered to one user', async (t) => {
  const app = await startApp()
  t.after(() => app.close())
  const browser = app.browser()
  const assertUncached = (answers: { url: URL; headers: Headers }[]) => {
    for (const { url, headers } of answers) {
      assert.equal(headers.get('cache-control'), 'private, no-store', url.pathname)
      assert.match(headers.get('vary') ?? '', /\bCookie\b/, url.pathname)
    }
  }
  const all = ['/bff/user', '/bff/login', '/bff/diagnostics', '/bff/silent-login-callback']
  const calls = () => [...all, '/api/remote/api/x'].map((path) => browser.call(path))
  assertUncached(await Promise.all(calls()))
  assertUncached([await browser.signInHere()])
  assertUncached(await Promise.all(calls()))
  assertUncached([await browser.call('/bff/logout', { method: 'POST' })])
})
