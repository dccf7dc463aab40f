import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type App, startApp } from './support/app.ts'

let app: App
before(async () => {
  app = await startApp()
})
after(() => app.close())

type Fields = [name: string, value: string][]

/** As the page of another site does, by a form whose address has a query. */
function post(query: Fields, form: Fields, browser = app.browser()) {
  const url = `${app.origin}/bff/login?${new URLSearchParams(query)}`
  const from = 'https://apps.example/list'
  return browser.send(url, { from, method: 'POST', body: new URLSearchParams(form) })
}

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

  test('L23: the query of a form’s address is read with the form', async () => {
    const ours: Fields[number] = ['iss', app.provider.issuer]
    const target: Fields[number] = ['target_link_uri', '/q']
    for (const [query, form] of [
      [[ours, target], []],
      [[ours], [target]],
      [[target], [ours]],
      [[], [ours, target]],
    ] satisfies [Fields, Fields][]) {
      const browser = app.browser()
      const start = await post(query, form, browser)
      assert.equal(start.status, 303, JSON.stringify([query, form]))
      const location = new URL(start.headers.get('location') ?? '')
      const end = await browser.send(await app.provider.approve(location))
      assert.equal(end.headers.get('location'), '/q')
    }
  })

  test('L23: nothing is said twice, or by one half for another provider', async () => {
    const once: Fields = [
      ['iss', app.provider.issuer],
      ['target_link_uri', '/a'],
      ['login_hint', 'al'],
      ['prompt', 'login'],
      ['max_age', '7'],
      ['acr_values', 'gold'],
      ['ui_locales', 'de'],
    ]
    assert.equal((await post([], once)).status, 303)
    for (const each of once) {
      assert.equal((await post([each], once)).status, 400, each[0])
      assert.equal((await post([[each[0], 'x']], once)).status, 400, each[0])
    }
    assert.equal((await post([['returnUrl', '/b']], once)).status, 400)
    for (const foreign of ['https://evil.example', '', `${app.provider.issuer}/`]) {
      assert.equal((await post([['iss', foreign]], [])).status, 400)
      assert.equal((await post([['iss', foreign]], [['target_link_uri', '/a']])).status, 400)
      assert.equal((await post([['target_link_uri', '/a']], [['iss', foreign]])).status, 400)
    }
    assert.equal((await post([['target_link_uri', '//evil.example']], [])).status, 400)
  })

  test('L23: a form of more than 64 KB, and what is no form, are 400', async () => {
    const fields: Fields = [['iss', app.provider.issuer]]
    const filled = (bytes: number): Fields => [...fields, ['other', 'x'.repeat(bytes)]]
    assert.equal((await begin('POST', filled(60 * 1024))).status, 303)
    assert.ok((await begin('POST', filled(64 * 1024))).status >= 400)
    const json = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }
    assert.equal((await app.browser().send(`${app.origin}/bff/login`, json)).status, 400)
  })
})
