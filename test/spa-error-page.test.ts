import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadSettings } from '#lib/config/load-settings.ts'
import { type App, startApp } from './support/app.ts'

let app: App
before(async () => {
  app = await startApp({ config: { spa: { errorPage: '/sign-in-failed' } } })
})
after(() => app.close())

const navigates = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' }
const ask = (path: string, headers: Record<string, string> = navigates) =>
  fetch(`${app.origin}${path}`, { headers, redirect: 'manual' })

describe('a page of the app for what failed', () => {
  for (const [title, path, code, retry] of [
    ['a return URL elsewhere', '/bff/login?returnUrl=https://evil.example', 'bad_return_url', '1'],
    ['an answer that nobody asked for', '/bff/callback?error=<script>&state=x', undefined, '1'],
  ] as const) {
    test(`A44: ${title} is told there, and nothing that came with it`, async () => {
      const answer = await ask(path)
      assert.equal(answer.status, 303)
      assert.equal(answer.headers.get('cache-control'), 'private, no-store')
      const to = new URL(answer.headers.get('location') ?? '')
      assert.equal(to.origin + to.pathname, `${app.origin}/sign-in-failed`)
      assert.deepEqual([...to.searchParams.keys()], ['code', 'requestId', 'retry'])
      assert.match(to.searchParams.get('code') ?? '', /^[a-z_]+$/)
      if (code) assert.equal(to.searchParams.get('code'), code)
      assert.equal(to.searchParams.get('requestId'), answer.headers.get('x-request-id'))
      assert.equal(to.searchParams.get('retry'), retry)
      assert.doesNotMatch(to.href, /evil|script/)
    })
  }

  test('A44: a form that the provider sent leads there as well', async () => {
    const answer = await fetch(`${app.origin}/bff/callback`, {
      method: 'POST',
      headers: navigates,
      body: new URLSearchParams('state=a&state=b'),
      redirect: 'manual',
    })
    assert.equal(answer.status, 303)
    assert.match(answer.headers.get('location') ?? '', /\/sign-in-failed\?code=bad_request&/)
  })

  test('A44: scripts and frames are told as ever', async () => {
    const fetched = await ask('/bff/login?returnUrl=https://evil.example', { accept: '*/*' })
    assert.equal(fetched.status, 400)
    assert.match(fetched.headers.get('content-type') ?? '', /problem\+json/)
    const framed = await ask('/bff/login?returnUrl=https://evil.example', {
      'sec-fetch-dest': 'iframe',
    })
    assert.equal(framed.status, 400)
  })

  for (const [title, spa, setting] of [
    [
      'a protected page',
      { errorPage: '/account/failed', protectedPages: ['/account'] },
      'spa.errorPage',
    ],
    ['an endpoint of ours', { errorPage: '/bff/login' }, 'spa.errorPage'],
    ['a remote', { errorPage: '/api/remote/x' }, 'spa.errorPage'],
    ['another site', { errorPage: 'https://evil.example' }, 'spa.errorPage'],
    ['a CDN over plain http', { index: 'http://cdn.example.com/index.html' }, 'spa.index'],
    ['two places of the app', { index: 'https://cdn.example.com/', dir: 'dist' }, 'spa.index'],
    ['a development server elsewhere', { devServer: 'https://example.com' }, 'spa.devServer'],
    [
      'a policy that breaks out',
      { csp: { 'img-src': ["x; script-src 'unsafe-inline'"] } },
      'spa.csp',
    ],
    ['a directive that is none', { csp: { 'img-scr': ['x'] } }, 'spa.csp'],
  ] as const) {
    test(`A44: ${title} is refused at the start`, () => {
      const loaded = loadSettings({
        env: {
          OIDC_ISSUER: 'https://login.example.com',
          OIDC_CLIENT_ID: 'app',
          OIDC_CLIENT_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
          BFF_BASE_URL: 'https://app.example.com',
          BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
        },
        config: { spa },
      })
      assert.ok(!loaded.ok)
      assert.deepEqual(
        loaded.problems.map((each) => each.setting),
        [setting],
      )
    })
  }
})
