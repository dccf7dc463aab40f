import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { processEnvironment, setVariable } from '#lib/config/env.ts'
import { loadSettings } from '#lib/config/load-settings.ts'
import { createBff } from '#lib/frontends/create-bff.ts'
import { signIn } from '#lib/server/sign-in-for-tests.ts'
import { listen } from './support/app.ts'
import { freePort } from './support/free-port.ts'
import { recordEvents } from './support/provider-under-test.ts'
import { settingsOf } from './support/settings-of.ts'
import { type RunningCloakroom, startCloakroom } from './support/start-cloakroom.ts'

describe('A45: signIn of cloakroom/testing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-testing-'))
  const api = createServer((request, response) => {
    response.end(`${request.url} ${request.headers.authorization}`)
  })
  let app: RunningCloakroom
  let bff: Awaited<ReturnType<typeof createBff>>

  before(async () => {
    const target = await listen(api)
    const port = await freePort()
    const config = {
      remotes: {
        api: { target },
        catalog: { target, resource: 'https://catalog.example', scope: 'read' },
      },
      session: { claims: ['sub', 'name'] },
    }
    const file = join(folder, 'bff.json')
    writeFileSync(file, JSON.stringify(config))
    const env = {
      // Nobody listens there: there is no provider.
      OIDC_ISSUER: `http://localhost:${await freePort()}`,
      OIDC_CLIENT_ID: 'app',
      OIDC_CLIENT_SECRET: 'one-that-no-provider-gave',
      BFF_BASE_URL: `http://localhost:${port}`,
      BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
      BFF_STORE: 'sqlite',
      BFF_SQLITE_FILE: join(folder, 'sessions.sqlite'),
      BFF_CONFIG_FILE: file,
    }
    // Without a provider it serves, and is never `ready`.
    app = await startCloakroom({ port, env, waitForReady: false })
    const isLive = () =>
      fetch(`${app.origin}/bff/health/live`).then(
        ({ ok }) => ok,
        () => false,
      )
    while (!(await isLive())) await sleep(50)
    bff = await open(env)
  })
  after(async () => {
    await bff?.close()
    await app?.stop('SIGKILL')
    api.closeAllConnections()
    api.close()
    rmSync(folder, { recursive: true })
  })

  async function open(variables: Record<string, string>) {
    const loaded = loadSettings({ env: variables })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    return createBff({ settings: loaded.settings, log: recordEvents() })
  }

  const call = (path: string, cookie: string, method = 'GET') =>
    fetch(app.origin + path, { method, headers: { cookie, 'x-csrf': '1' } })

  it('begins a session that the app’s own process knows, without a provider', async () => {
    const claims = { name: 'Alice Größe', email: 'left@out.example' }
    const { cookie } = await signIn(bff, { sub: 'alice', claims, accessToken: 'token-of-alice' })
    const user = await call('/bff/user', cookie)
    assert.equal(user.status, 200)
    const told: { type: string; value: unknown }[] = await user.json()
    assert.equal(told.find(({ type }) => type === 'sub')?.value, 'alice')
    assert.equal(told.find(({ type }) => type === 'name')?.value, 'Alice Größe')
    assert.equal(
      told.find(({ type }) => type === 'email'),
      undefined,
    )
    for (const remote of ['api', 'catalog']) {
      const answer = await call(`/api/remote/${remote}/x`, cookie)
      assert.equal(await answer.text(), '/x Bearer token-of-alice', remote)
    }
    const logoutUrl = told.find(({ type }) => type === 'bff:logout_url')?.value
    assert.ok(
      [200, 302].includes((await call('/bff/logout', cookie, 'POST')).status),
      `${logoutUrl}`,
    )
    assert.equal((await call('/bff/user', cookie)).status, 401)
  })

  it('gives calls no token when it was given none, nor an expired one', async () => {
    for (const person of [{ sub: 'bob' }, { sub: 'bob', accessToken: 'old', expiresIn: 0 }]) {
      const { cookie } = await signIn(bff, person)
      const answer = await call('/api/remote/api/x', cookie)
      assert.deepEqual([answer.status, (await answer.json()).code], [401, 'token_expired'])
      assert.equal((await call('/bff/user', cookie)).status, 200)
    }
  })

  it('says to Playwright what the browser would be told', async () => {
    const { cookie, storageState } = await signIn(bff, { sub: 'carol' })
    const [stored] = storageState.cookies
    assert.equal(`${stored?.name}=${stored?.value}`, cookie)
    const { name: _name, value: _value, expires, ...rest } = stored ?? { expires: 0 }
    const flags = { httpOnly: true, secure: false, sameSite: 'Strict' }
    assert.deepEqual(rest, { domain: 'localhost', path: '/', ...flags })
    assert.ok(expires > Date.now() / 1000)
    assert.deepEqual([storageState.cookies.length, storageState.origins], [1, []])
  })

  it('refuses to on an origin that is not on loopback', async () => {
    const settings = settingsOf({})
    const store = { ...settings.store, kind: 'memory' } as const
    const elsewhere = await createBff({ settings: { ...settings, store }, log: recordEvents() })
    await assert.rejects(
      signIn(elsewhere, { sub: 'mallory' }),
      /BFF_BASE_URL is https:\/\/app\.example: test on localhost/,
    )
    assert.deepEqual(await elsewhere.sessions.list('mallory'), [])
    await elsewhere.close()
  })

  it('refuses to where NODE_ENV is production', async () => {
    const before = processEnvironment().NODE_ENV
    setVariable('NODE_ENV', 'production')
    try {
      await assert.rejects(signIn(bff, { sub: 'mallory' }), /NODE_ENV is production/)
    } finally {
      setVariable('NODE_ENV', before)
    }
    assert.deepEqual(await bff.sessions.list('mallory'), [])
  })
})
