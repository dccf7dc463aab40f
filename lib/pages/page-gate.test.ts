import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { answerGate, decideGate, type GateSession, isProtected } from './page-gate.ts'

const ownPaths = ['/api/remote', '/bff', '/signed-in']
const options = { basePath: '/bff', nonce: 'n', requestId: 'r1', origin: 'https://app.example' }

/** A browser opens `url`; `site` undefined is a browser that sends no `Sec-Fetch-*`. */
function visit(
  url: string,
  {
    site,
    session = 'anonymous' as GateSession,
    method = 'GET',
    headers = {},
  }: {
    site?: string | undefined
    session?: GateSession
    method?: string
    headers?: Record<string, string>
  } = {},
) {
  const { pathname, search } = new URL(url, options.origin)
  const sent = new Headers({ accept: 'text/html,*/*', ...headers })
  if (site !== undefined) {
    sent.set('sec-fetch-site', site)
    if (!sent.has('sec-fetch-dest')) sent.set('sec-fetch-dest', 'document')
  }
  return decideGate({ method, pathname, search, headers: sent, ownPaths }, session)
}

describe('which pages are protected', () => {
  test('the prefix itself and what is below it, not what merely begins alike', () => {
    const prefixes = ['/account', '/admin/']
    for (const path of ['/account', '/account/', '/account/keys', '/admin', '/admin/x']) {
      assert.ok(isProtected(path, prefixes), path)
    }
    for (const path of ['/', '/accounts', '/accounting/x', '/x/account']) {
      assert.ok(!isProtected(path, prefixes), path)
    }
  })

  test('also in the spellings that a router reads as the same page', () => {
    for (const path of [
      ...['/%61ccount', '//account', '/account%2Fkeys', '/account/%zz'],
      ...['/_next/data/build/account.json', '/_next/data/build/account/keys'],
    ]) {
      assert.ok(isProtected(path, ['/account']), path)
    }
  })

  test('the prefix / is every page', () => {
    assert.ok(isProtected('/', ['/']))
    assert.ok(isProtected('/any/page', ['/']))
  })
})

describe('the gate', () => {
  test('lets a signed-in person pass, wherever they come from', () => {
    for (const site of ['cross-site', 'same-origin', 'none', undefined]) {
      assert.deepEqual(visit('/account', { site, session: 'signed-in' }), { kind: 'pass' })
    }
  })

  test('sends to the sign-in when the cookie would have come, and back to the same page', () => {
    for (const site of ['same-origin', 'same-site', 'none']) {
      const decision = visit('/account?tab=a%20b&x=1', { site })
      assert.deepEqual(decision, { kind: 'login', path: '/account?tab=a%20b&x=1' })
    }
  })

  test('asks a navigation from another site to come again: a Strict cookie stays away there', () => {
    const decision = visit('/account?a=1', { site: 'cross-site' })
    assert.deepEqual(decision, { kind: 'come-again', path: '/account?a=1' })
  })

  test('never loops: what comes again is final, with and without Sec-Fetch-Site', () => {
    const again = visit('/account?a=1', { site: 'cross-site' })
    assert.ok(again.kind === 'come-again')
    assert.equal(visit(again.path, { site: 'same-origin' }).kind, 'login')

    const old = visit('/account?a=1')
    assert.ok(old.kind === 'come-again')
    assert.deepEqual(visit(old.path), { kind: 'login', path: '/account?a=1' })
    const bare = visit('/account')
    assert.ok(bare.kind === 'come-again')
    assert.deepEqual(visit(bare.path), { kind: 'login', path: '/account' })
  })

  test('L10: a prefetch starts no sign-in', () => {
    for (const headers of [
      { 'sec-purpose': 'prefetch;prerender' },
      { purpose: 'prefetch' },
      { 'next-router-prefetch': '1' },
    ]) {
      const decision = visit('/account', { site: 'same-origin', headers })
      assert.deepEqual(decision, { kind: 'prefetch-refused' })
      assert.equal(answerGate(decision, options)?.status, 204)
    }
  })

  test('tells a script 401 instead of sending it to a sign-in page', () => {
    for (const decision of [
      visit('/account', { site: 'same-origin', headers: { 'sec-fetch-dest': 'empty' } }),
      visit('/account', { headers: { accept: '*/*' } }),
      visit('/account', { site: 'same-origin', method: 'POST' }),
    ]) {
      assert.deepEqual(decision, { kind: 'not-signed-in' })
      assert.equal(answerGate(decision, options)?.status, 401)
    }
  })

  test('leads to the sign-in whoever opens a page, in a frame and through a service worker too', () => {
    for (const headers of [
      { 'sec-fetch-dest': 'iframe' },
      { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'navigate' },
    ]) {
      assert.equal(visit('/account', { site: 'same-origin', headers }).kind, 'login')
    }
  })

  test('S8: an outage is 503 with Retry-After for pages and scripts, never a sign-in', () => {
    for (const headers of [{}, { 'sec-fetch-dest': 'empty' }]) {
      const decision = visit('/account', { site: 'same-origin', session: 'unavailable', headers })
      const answer = answerGate(decision, options)
      assert.equal(answer?.status, 503)
      assert.equal(answer?.headers.get('retry-after'), '4')
      assert.equal(answer?.headers.get('set-cookie'), null)
    }
  })

  test('no cache keeps an answer of the gate', () => {
    for (const [site, session] of [
      ['cross-site', 'anonymous'],
      ['same-origin', 'anonymous'],
      ['same-origin', 'unavailable'],
    ] as const) {
      const answer = answerGate(visit('/account', { site, session }), options)
      assert.match(answer?.headers.get('cache-control') ?? '', /no-store/)
    }
  })
})

describe('P29: what is no page', () => {
  const targets = [
    ...['/api/remote/api/delete-all?id=1', '/api/remote', '/API/Remote/x', '/%61pi/remote/x'],
    ...['/api%2Fremote/x', '//api/remote/x', '/api//remote/x', '/api\\remote/x', '/api%5cremote/x'],
    ...[
      '/%2561pi/remote/x',
      '/x/..%2fapi/remote/x',
      '/api/remote/..%2f..%2fx',
      '/x/%2e%2e%2fbff/x',
    ],
    ...['/bff', '/bff/logout?sid=1', '/signed-in?code=1&state=2', '/_next/data/x/account.json'],
    ...['/_next/data/x/api/remote/api/delete-all.json?id=1', '/_next/image?url=/api/remote/x'],
  ]
  /** Of somebody who opens an address. */
  const headersOf = (site: string | undefined) =>
    new Headers(
      site === undefined
        ? { accept: 'text/html' }
        : { 'sec-fetch-site': site, 'sec-fetch-dest': 'document' },
    )

  test('P29: never comes again from our own origin, and leads to no sign-in', async () => {
    for (const target of targets) {
      const mark = target.indexOf('?')
      const pathname = mark < 0 ? target : target.slice(0, mark)
      const search = mark < 0 ? '' : target.slice(mark)
      for (const site of ['cross-site', 'same-site', 'same-origin', 'none', undefined]) {
        for (const session of ['anonymous', 'unavailable'] as const) {
          const request = { method: 'GET', pathname, search, headers: headersOf(site), ownPaths }
          const answer = answerGate(decideGate(request, session), options)
          assert.equal(answer?.status, session === 'anonymous' ? 401 : 503, `${target} ${site}`)
          assert.equal(answer?.headers.get('content-type'), 'application/problem+json')
          assert.equal(answer?.headers.get('location'), null)
        }
      }
    }
  })

  test('is not what merely begins alike', () => {
    for (const path of [
      '/api/reports',
      '/api/remotely',
      '/bffs',
      '/_nextdoor',
      '/signed-in-once',
    ]) {
      assert.equal(visit(path, { site: 'cross-site' }).kind, 'come-again', path)
    }
  })
})

describe('the answers of the gate', () => {
  test('the sign-in gets the page as its return URL, encoded once', () => {
    const answer = answerGate(visit('/account?a=1&b=%26', { site: 'none' }), options)
    assert.equal(answer?.status, 302)
    assert.equal(
      answer?.headers.get('location'),
      'https://app.example/bff/login?returnUrl=%2Faccount%3Fa%3D1%26b%3D%2526',
    )
  })

  test('L8: a path that is another host as a link is made ours', async () => {
    const request = { method: 'GET', pathname: '//evil.example/x', search: '' }
    const headers = new Headers({ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' })
    const decision = decideGate({ ...request, headers, ownPaths }, 'anonymous')
    assert.deepEqual(decision, { kind: 'come-again', path: '/evil.example/x' })
  })

  test('what the request says cannot become markup', async () => {
    const request = {
      method: 'GET',
      pathname: '/account',
      search: `?a="><script>alert(1)</script>`,
    }
    const headers = new Headers({ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' })
    const answer = answerGate(decideGate({ ...request, headers, ownPaths }, 'anonymous'), options)
    const html = (await answer?.text()) ?? ''
    assert.equal(html.match(/<script/g)?.length, 1)
    assert.match(answer?.headers.get('content-security-policy') ?? '', /script-src 'nonce-n'/)
  })
})
