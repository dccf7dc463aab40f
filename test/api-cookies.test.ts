import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type App, startApp } from './support/app.ts'
import type { Visit } from './support/http-browser.ts'
import { request } from './support/raw-http.ts'
import { startUpstream, type Upstream, withRemote } from './support/remote-fixture.ts'

const linesOf = (rawHeaders: [string, string][]) =>
  rawHeaders.filter(([name]) => name.toLowerCase() === 'set-cookie').map(([, value]) => value)

/** What the browser is told when an API says `lines` at `path`. */
async function answered(
  lines: string[],
  { path = '/a/b', prefix = '', cookie = '', publicOrigin = 'https://app.example' } = {},
): Promise<string[]> {
  const upstream = await startUpstream((_, response) => {
    response
      .writeHead(
        200,
        lines.flatMap((line) => ['Set-Cookie', line]),
      )
      .end()
  })
  const remote = { target: upstream.origin + prefix, cookies: ['csrf', 'lb'] }
  let told: string[] = []
  await withRemote({ upstream, remote, publicOrigin }, async ({ port }) => {
    const headers = { cookie: `sid=alice; ${cookie}` }
    const answer = await request(port, `/api/remote/api${path}`, { headers })
    told = linesOf(answer.rawHeaders)
  })
  return told
}

const ofTheApi = (lines: string[]) =>
  lines.filter((line) => !/^(__Host-Http-)?bff-(jar|setter)=/.test(line))

describe('P26: cookies that travel to one API and back', () => {
  it('reach that API, byte for byte, and no other cookie does', async () => {
    const remote = { cookies: ['csrf', 'lb'] }
    await withRemote({ remote }, async ({ port, upstream }) => {
      const cookie =
        'sid=alice; csrf=a"b=c; Csrf=no; csrf=2;lb=\xe4; __Host-Http-bff=ticket; x=lb=1'
      await request(port, '/api/remote/api/x', { headers: { cookie } })
      const [seen] = upstream.requests
      assert.equal(seen?.headers.cookie, 'csrf=a"b=c; csrf=2; lb=\xe4')
      await request(port, '/api/remote/api/x', { headers: { cookie: 'sid=alice' } })
      assert.equal(upstream.requests[1]?.headers.cookie, undefined)
    })
  })

  for (const [line, expected, prefix] of [
    ['csrf=1; Path=/', 'csrf=1; Path=/; Secure', ''],
    [
      'csrf=1; Domain=.internal; Path=/cart; HttpOnly',
      'csrf=1; HttpOnly; Path=/api/remote/api/cart; Secure',
      '',
    ],
    [
      'csrf=1; SameSite=Lax; secure ; path=/v1/cart',
      'csrf=1; SameSite=Lax; Path=/api/remote/api/cart; Secure',
      '/v1',
    ],
    [
      'csrf=1; Path=/; Partitioned; SameSite=None; Priority=High; tomorrow=1',
      'csrf=1; SameSite=None; Path=/; Secure',
      '',
    ],
    ['csrf=1;Path=/v1', 'csrf=1; Path=/api/remote/api; Secure', '/v1'],
    ['csrf=1; Path=/other', 'csrf=1; Path=/api/remote/api/other; Secure', '/v1'],
    ['csrf=1; Path=/api/remote/api/cart', 'csrf=1; Path=/api/remote/api/cart; Secure', '/v1'],
    ['csrf=1; Max-Age=5', 'csrf=1; Max-Age=5; Path=/api/remote/api/a; Secure', ''],
    ['csrf=1; Path=relative', 'csrf=1; Path=/api/remote/api/a; Secure', '/v1'],
  ] as const) {
    it(`are the app’s in the browser: ${line} (target ${prefix || 'without a path'})`, async () => {
      const told = await answered([line, 'other=1', 'bff=x'], { prefix })
      assert.deepEqual(ofTheApi(told), [expected])
    })
  }

  it('are not Secure where the app is not', async () => {
    const told = await answered(['lb=1; Path=/'], { publicOrigin: 'http://localhost:3000' })
    assert.deepEqual(ofTheApi(told), ['lb=1; Path=/'])
  })

  it('lie no deeper than somebody could find them again', async () => {
    const lines = Array.from({ length: 9 }, (_, i) => `csrf=${i}; Path=/deep/${i}`)
    const told = await answered([...lines, 'lb=1; Path=/\xe4', `lb=2; Path=/${'x'.repeat(600)}`])
    const paths = ofTheApi(told).map((line) => /Path=([^;]*)/.exec(line)?.[1])
    const deep = Array.from({ length: 4 }, (_, i) => `/api/remote/api/deep/${i}`)
    assert.deepEqual(paths, [...deep, ...Array(7).fill('/api/remote/api')])
    const isJar = (line: string) => line.startsWith('__Host-Http-bff-jar=')
    const jar = told.find(isJar)?.split(';')[0] ?? assert.fail('no jar')
    const odd = await answered(['lb=1; Path=/\xe4', 'lb=2; Path=/a b'])
    assert.deepEqual(ofTheApi(odd), [
      'lb=1; Path=/api/remote/api; Secure',
      'lb=2; Path=/api/remote/api; Secure',
    ])
    // What is noted already is not noted again.
    const again = await answered(['csrf=1; Path=/deep/1'], { cookie: jar })
    assert.deepEqual(ofTheApi(again), ['csrf=1; Path=/api/remote/api/deep/1; Secure'])
    assert.ok(!again.some(isJar))
  })
})

describe('P26: who leaves takes the cookies of APIs along', () => {
  let app: App
  let upstream: Upstream
  before(async () => {
    upstream = await startUpstream((_, response) => {
      const lines = ['csrf=1; Path=/', 'lb=1; Path=/api/remote/api', 'lb=1; Path=/cart']
      response
        .writeHead(
          200,
          lines.flatMap((line) => ['Set-Cookie', line]),
        )
        .end()
    })
    const config = { remotes: { api: { target: upstream.origin, cookies: ['csrf', 'lb'] } } }
    app = await startApp({ config })
  })
  after(async () => {
    await app.close()
    await upstream.close()
  })

  /** Names and paths of the cookies of APIs that an answer deletes. */
  const deleted = ({ headers }: Visit) =>
    headers
      .getSetCookie()
      .filter((line) => /^(?:csrf|lb)=;.*Max-Age=0/.test(line))
      .map((line) => line.replace(/^(\w+)=; Path=([^;]*).*$/, '$1 $2'))
      .sort()
  const all = [
    ...['csrf /', 'csrf /api/remote/api', 'lb /', 'lb /api/remote/api', 'lb /api/remote/api/cart'],
  ]

  async function signedIn(browser = app.browser(), sub = 'alice') {
    app.provider.state.claims.sub = sub
    const visit = await browser.signInHere()
    const kept = deleted(visit)
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
    const logoutUrl = String((await browser.user())?.['bff:logout_url'])
    return { browser, kept, logoutUrl }
  }

  it('at a sign-out, by a link or by a script, also when the session is gone already', async () => {
    const { browser, logoutUrl } = await signedIn()
    assert.deepEqual(deleted(await browser.call(logoutUrl)), all)
    const other = await signedIn()
    assert.deepEqual(deleted(await other.browser.call('/bff/logout', { method: 'POST' })), all)
    const third = await signedIn()
    await app.bff.sessions.endAll('alice')
    assert.deepEqual(deleted(await third.browser.call('/bff/logout', { method: 'POST' })), all)
  })

  it('at the sign-in of somebody else, and at no other', async () => {
    const { browser } = await signedIn()
    assert.deepEqual((await signedIn(browser)).kept, [])
    await app.bff.sessions.endAll('alice')
    assert.deepEqual((await signedIn(browser)).kept, [])
    assert.deepEqual((await signedIn(browser, 'bob')).kept, all)
    // Nobody’s cookies become those of the first who signs in.
    const fresh = app.browser()
    assert.deepEqual((await signedIn(fresh, 'alice')).kept, [])
  })
})
