import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Settings } from '../config/settings.ts'
import { createGateWatch, unguardedPages } from './guarded-pages.ts'

const build = mkdtempSync(join(tmpdir(), 'cloakroom-build-'))
after(() => rmSync(build, { recursive: true }))
mkdirSync(join(build, 'server'))

/** As Next writes it of the matcher in `middleware.ts`. */
const regexp =
  '^(?:\\/(_next\\/data\\/[^/]{1,}))?(?:\\/((?!bff\\/|api\\/|_next\\/static\\/|_next\\/image|icon\\.svg).*))(\\.json)?[\\/#\\?]?$'

function built(functions: object): void {
  const manifest = JSON.stringify({ version: 1, functions })
  writeFileSync(join(build, 'server/functions-config-manifest.json'), manifest)
}

const settingsOf = (...protectedPages: string[]) =>
  ({
    basePath: '/bff',
    remotePrefix: '/api/remote',
    root: '',
    callbackPath: '/signed-in',
    logoutCallbackPath: '/signed-out',
    spa: { protectedPages, origins: [] },
    remotes: { todos: { path: '/todos' } },
  }) as unknown as Settings

const refused = (...pages: string[]) =>
  unguardedPages(settingsOf(...pages), build).map(({ setting }) => setting)

test('A14: a protected page that the middleware is not asked about is told', () => {
  built({ '/_middleware': { matchers: [{ regexp }] } })
  assert.deepEqual(refused('/', '/account', '/bff-admin', '/apis', '/a.b/c'), [])
  const pages = ['/api', '/api/reports', '/bff', '/bff/x', '/_next', '/icon.svg', '/signed-in']
  for (const page of [...pages, '/api/remote/x', '/todos/new'])
    assert.equal(refused(page).length, 1, page)
  assert.deepEqual(refused('/account', '/api/reports'), ['spa.protectedPages[1]'])
})

test('A14: without a middleware no page is guarded; without a build nobody can tell', () => {
  built({})
  assert.equal(refused('/account').length, 1)
  assert.deepEqual(unguardedPages(settingsOf('/account'), join(build, 'nowhere')), [])
})

test('A14: a protected page that was served without the gate is told once', async (t) => {
  const told: string[] = []
  const watch = createGateWatch(['/account', '/admin', '/late'], {
    event: (event, fields) => void told.push(`${event} ${JSON.stringify(fields)}`),
  })
  t.after(watch.stop)
  const server = createServer((request, response) => {
    if (request.url === '/admin/x') watch.saw('/admin/x')
    const type = request.url === '/late/data' ? 'application/json' : 'text/html; charset=utf-8'
    response.statusCode = request.url === '/late' ? 302 : 200
    response.setHeader('content-type', type).end()
  })
  t.after(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const paths = [
    '/',
    '/late',
    '/late/data',
    '/admin/x',
    '/admin/y',
    '/account?a=1',
    '/account/keys',
  ]
  for (const path of paths) {
    await fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual' })
  }
  assert.equal(told.length, 1, told.join('\n'))
  assert.match(told[0] ?? '', /misconfiguration .*\/account is in spa\.protectedPages/)
})
