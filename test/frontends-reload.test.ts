import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '#lib/config/define-config.ts'
import { loadSettings } from '#lib/config/load-settings.ts'
import { createReload } from '#lib/hosts/reload.ts'
import { spaProblem } from '#lib/hosts/spa-pages.ts'
import { listen, startApp } from './support/app.ts'
import { appFolder, startCommand } from './support/command.ts'
import { freePort } from './support/free-port.ts'
import { createHttpBrowser } from './support/http-browser.ts'
import { recordEvents } from './support/provider-under-test.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'

const env = {
  OIDC_ISSUER: 'https://op.example',
  OIDC_CLIENT_ID: 'app',
  OIDC_CLIENT_SECRET: 'one-that-the-provider-gave',
  BFF_BASE_URL: 'https://app.example',
  BFF_SECRET: 'q8Jr2xkP0vT7nYb4LwZc9dHfGs1mEa6U',
}

describe('A67: a reload', () => {
  test('under load loses no request, and nobody’s session', async (t) => {
    let configs: ((n: number) => Config) | undefined
    const app = await startApp({
      config: ({ api }) => {
        configs = (n) => ({
          remotes: { api: { target: api } },
          frontends: {
            shop: { path: '/shop', remotes: { goods: { target: `${api}/v${n}` } } },
            ...Object.fromEntries([0, 1].map((i) => [`app${n}-${i}`, { path: `/app${n}-${i}` }])),
          },
        })
        return configs(0)
      },
      api: (request, response) =>
        void setTimeout(() => response.end(request.url), request.url?.includes('slow') ? 300 : 5),
    })
    t.after(() => app.close())
    const top = app.browser()
    const shop = app.browser({ root: '/shop' })
    await top.signInHere()
    await shop.signInHere()
    let over = false
    const versions = new Set<string>()
    async function callOn(): Promise<number> {
      let calls = 0
      while (!over) {
        const answers = await Promise.all([
          top.call('/api/remote/api/x'),
          shop.call('/shop/api/remote/goods/x'),
          shop.call('/shop/bff/user'),
        ])
        for (const { status, body } of answers) assert.equal(status, 200, body)
        versions.add(answers[1].body)
        calls += answers.length
      }
      return calls
    }
    const load = Promise.all(Array.from({ length: 8 }, callOn))
    for (let n = 1; n <= 10; n += 1) {
      const slow = shop.call('/shop/api/remote/goods/slow')
      while (!app.apiRequests.some(({ url }) => url === `/v${n - 1}/slow`)) await sleep(5)
      const done = await app.reload(configs?.(n))
      assert.deepEqual(done, {
        ok: true,
        added: [`app${n}-0`, `app${n}-1`],
        changed: ['shop'],
        removed: [`app${n - 1}-0`, `app${n - 1}-1`],
      })
      // What was under way ends with the settings that it began with.
      assert.equal((await slow).body, `/v${n - 1}/slow`)
    }
    over = true
    const calls = (await load).reduce((sum, it) => sum + it, 0)
    assert.ok(calls > 100, `${calls}`)
    assert.ok(versions.has('/v9/x') || versions.has('/v10/x'), [...versions].join())
  })

  test('with another client ends the sessions of that frontend, and of no other', async (t) => {
    const app = await startApp({
      env: { OTHER: 'of-the-other-client' },
      config: { frontends: { shop: { path: '/shop' }, club: { path: '/club' } } },
    })
    t.after(() => app.close())
    const [shop, club] = [app.browser({ root: '/shop' }), app.browser({ root: '/club' })]
    await shop.signInHere()
    await club.signInHere()
    const oidc = { clientId: 'other', secretEnv: 'OTHER' }
    await app.reload({ frontends: { shop: { path: '/shop', oidc }, club: { path: '/club' } } })
    assert.equal(await shop.user(), undefined)
    assert.equal((await club.user())?.sub, 'alice')
  })

  test('what was removed is 404, whether it had a host or a path, and comes back as it was', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'cloakroom-top-'))
    writeFileSync(join(dir, 'index.html'), '<!doctype html><title>Top</title>')
    t.after(() => rmSync(dir, { recursive: true, force: true }))
    const spa = { dir }
    const both = (port: number | string): Config => ({
      spa,
      frontends: { shop: { path: '/shop' }, desk: { host: `desk.localhost:${port}` } },
    })
    const app = await startApp({ config: ({ port }) => both(port) })
    t.after(() => app.close())
    const { port } = new URL(app.origin)
    const desk = `http://desk.localhost:${port}`
    const [shop, atDesk] = [app.browser({ root: '/shop' }), app.browser({ origin: desk })]
    await shop.signInHere()
    await atDesk.signInHere()
    await app.reload({ spa })
    assert.match((await app.browser().send(`${app.origin}/x`)).body, /Top/)
    for (const url of [`${app.origin}/shop/bff/user`, `${app.origin}/shop/x`, `${desk}/bff/user`]) {
      assert.equal((await app.browser().send(url)).status, 404, url)
    }
    assert.equal((await app.browser().send(`${app.origin}/bff/health/live`)).status, 200)
    await app.reload(both(port))
    assert.equal((await shop.user())?.sub, 'alice')
    assert.equal((await atDesk.user())?.sub, 'alice')
  })

  test('with a broken configuration changes nothing, and tells everything', async (t) => {
    const app = await startApp({ config: { frontends: { shop: { path: '/shop' } } } })
    t.after(() => app.close())
    const shop = app.browser({ root: '/shop' })
    await shop.signInHere()
    const result = await app.reload({
      frontends: {
        shop: { path: 'shop' },
        desk: {},
        Club: { path: '/c', oidc: { clientId: 'x' } },
      },
    })
    assert.ok(!result.ok)
    for (const part of [
      'frontends.shop.path is not a valid path',
      'frontends.desk.host is not set',
      'frontends.Club has a name',
      'frontends.Club.oidc.secretEnv is not set: set it, or oidc.keyEnv',
    ]) {
      assert.ok(result.report.includes(part), `${part} in ${result.report}`)
    }
    assert.equal((await shop.user())?.sub, 'alice')
    assert.ok(app.log.events.some(({ event }) => event === 'config.reload_refused'))
  })

  test('with an app that is not there changes nothing either', async () => {
    const log = recordEvents()
    const reload = createReload({
      ...{ config: {}, log, frontends: { reload: () => assert.fail('it was taken') } },
      load: (config) => loadSettings({ env, config }),
      problemsOf: ({ spa }) => [spaProblem({ spa })].filter((it) => it !== undefined),
    })
    const result = await reload({ spa: { dir: '/nowhere' } })
    assert.ok(!result.ok)
    assert.match(result.report, /spa\.dir is \/nowhere, which is not there/)
  })
})

for (const workers of ['1', '2']) {
  test(`A67: SIGHUP reads the file again, with ${workers} worker(s)`, async (t) => {
    const provider = await startScriptedProvider()
    const api = createServer((_, response) => response.end('ok'))
    const target = await listen(api)
    const folder = appFolder()
    t.after(async () => {
      folder.remove()
      api.close()
      await provider.close()
    })
    const write = (frontends: object) =>
      folder.write('bff.config.json', JSON.stringify({ remotes: { api: { target } }, frontends }))
    write({ shop: { path: '/shop' } })
    const port = String(await freePort())
    const env = {
      ...{ OIDC_ISSUER: provider.issuer, OIDC_CLIENT_ID: provider.clientId, PORT: port },
      ...{
        OIDC_CLIENT_SECRET: provider.clientSecret,
        BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
      },
      ...{ BFF_BASE_URL: `http://localhost:${port}`, BFF_DRAIN: '0', BFF_WORKERS: workers },
      BFF_SQLITE_FILE: join(folder.path, 'sessions.db'),
    }
    const command = await startCommand(['serve'], { cwd: folder.path, env })
    t.after(() => command.kill())
    const status = async (path: string) => (await fetch(`${command.origin}${path}`)).status
    const reloads = () => command.stdout().split('"config.reloaded"').length - 1
    const until = async (what: () => boolean) => {
      const end = performance.now() + 20_000
      while (!what() && performance.now() < end) await sleep(20)
      assert.ok(what(), command.stdout() + command.stderr())
    }
    await until(() => command.stdout().split('"server.started"').length > Number(workers))
    assert.equal(await status('/shop/bff/health/live'), 200)
    assert.equal(await status('/club/bff/health/live'), 404)
    write({ club: { path: '/club' } })
    command.kill('SIGHUP')
    await until(() => reloads() === Number(workers))
    assert.equal(await status('/shop/bff/health/live'), 404)
    assert.equal(await status('/club/bff/health/live'), 200)
    folder.write('bff.config.json', '{ "remotes": ')
    command.kill('SIGHUP')
    await until(() => command.stdout().includes('config.reload_refused'))
    assert.equal(await status('/club/bff/health/live'), 200)
  })
}

test('A66: an app at a path is served below it, a built one and its files', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'cloakroom-shop-'))
  writeFileSync(join(dir, 'index.html'), '<!doctype html><title>Shop</title>')
  writeFileSync(join(dir, 'a.js'), 'shop()')
  const app = await startApp({
    config: { frontends: { shop: { path: '/shop', spa: { dir, protectedPages: ['/mine'] } } } },
  })
  t.after(async () => {
    await app.close()
    rmSync(dir, { recursive: true, force: true })
  })
  const browser = createHttpBrowser()
  const get = (path: string) => browser.send(`${app.origin}${path}`)
  assert.match((await get('/shop/')).body, /Shop/)
  assert.match((await get('/shop/cart/7')).body, /Shop/)
  assert.equal((await get('/shop/a.js')).body, 'shop()')
  assert.equal((await get('/shop?x=1')).headers.get('location'), '/shop/?x=1')
  assert.equal((await get('/cart')).status, 404)
  assert.equal((await get('/shopping')).status, 404)
  const gate = await get('/shop/mine')
  assert.match(gate.headers.get('location') ?? '', /\/shop\/bff\/login\?returnUrl=%2Fshop%2Fmine/)
})
