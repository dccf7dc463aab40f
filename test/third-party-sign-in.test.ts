import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type App, startApp } from './support/app.ts'

let app: App
before(async () => {
  app = await startApp()
})
after(() => app.close())

type Fields = [name: string, value: string][]

/** As the page of another site does: by a link, or by a form. */
function begin(method: 'GET' | 'POST', fields: Fields, browser = app.browser()) {
  const parameters = new URLSearchParams(fields)
  const from = 'https://apps.example/list'
  return method === 'GET'
    ? browser.send(`${app.origin}/bff/login?${parameters}`, { from })
    : browser.send(`${app.origin}/bff/login`, { from, method, body: parameters })
}

describe('a sign-in that another site begins (OpenID Connect Core section 4)', () => {
  for (const [method, status] of [
    ['GET', 302],
    ['POST', 303],
  ] as const) {
    test(`L23: by ${method}: ends at the target_link_uri, with the hint passed on`, async () => {
      const browser = app.browser()
      const fields: Fields = [
        ['iss', app.provider.issuer],
        ['login_hint', 'al'],
        ['target_link_uri', `${app.origin}/orders/7?a=b`],
      ]
      const start = await begin(method, fields, browser)
      assert.equal(start.status, status, start.body)
      const location = new URL(start.headers.get('location') ?? '')
      assert.equal(location.searchParams.get('login_hint'), 'al')
      const end = await browser.send(await app.provider.approve(location))
      assert.equal(end.headers.get('location'), '/orders/7?a=b')
      assert.equal((await browser.user())?.sub, 'alice')
    })

    test(`L23: by ${method}: what is not for us is 400`, async () => {
      const ours: Fields[number] = ['iss', app.provider.issuer]
      const refused: Fields[] = [
        [['iss', 'https://evil.example']],
        [['iss', `${app.provider.issuer}/`]],
        [['iss', '']],
        [ours, ours],
        [ours, ['target_link_uri', 'https://evil.example/']],
        [ours, ['target_link_uri', '//evil.example']],
        [ours, ['target_link_uri', '/bff/logout']],
        [ours, ['target_link_uri', '/a'], ['target_link_uri', '/a']],
        [ours, ['target_link_uri', '/a'], ['returnUrl', '/a']],
        [
          ['returnUrl', '/a'],
          ['returnUrl', '/b'],
        ],
      ]
      for (const fields of refused) {
        const answer = await begin(method, fields)
        assert.equal(answer.status, 400, JSON.stringify(fields))
        assert.deepEqual(answer.headers.getSetCookie(), [])
      }
    })
  }

  test('L23: a form of more than 64 KB, and what is no form, are 400', async () => {
    const fields: Fields = [['iss', app.provider.issuer]]
    const filled = (bytes: number): Fields => [...fields, ['other', 'x'.repeat(bytes)]]
    assert.equal((await begin('POST', filled(60 * 1024))).status, 303)
    assert.ok((await begin('POST', filled(64 * 1024))).status >= 400)
    const json = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }
    assert.equal((await app.browser().send(`${app.origin}/bff/login`, json)).status, 400)
  })
})
