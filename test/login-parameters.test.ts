import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type App, startApp } from './support/app.ts'

let app: App
before(async () => {
  app = await startApp({
    config: {
      oidc: {
        loginParams: ['kc_idp_hint', 'organization'],
        params: { organization: 'of-the-settings', audience: 'the-api' },
      },
    },
  })
})
after(() => app.close())

const begin = (query: string, path = '/bff/login') =>
  app.browser().send(`${app.origin}${path}?${query}`)

async function asked(query: string, path?: string) {
  const answer = await begin(query, path)
  assert.equal(answer.status, 302, answer.body)
  return new URL(answer.headers.get('location') ?? '').searchParams
}

function ignored(): string[] {
  const last = app.log.events.filter(({ event }) => event === 'sign_in.parameters_ignored').at(-1)
  return [...((last?.fields as { names: string[] } | undefined)?.names ?? [])]
}

describe('parameters of a sign-in that are passed on', () => {
  test('L70: what is listed reaches the provider, before a setting of that name', async () => {
    for (const path of ['/bff/login', '/bff/silent-login']) {
      const sent = await asked('kc_idp_hint=a%26b%3D%C3%A9&organization=org_1', path)
      assert.deepEqual(sent.getAll('kc_idp_hint'), ['a&b=é'], path)
      assert.deepEqual(sent.getAll('organization'), ['org_1'], path)
      assert.equal(sent.get('audience'), 'the-api')
    }
    assert.equal((await asked('kc_idp_hint=')).has('kc_idp_hint'), false)
    assert.equal((await asked('')).get('organization'), 'of-the-settings')
  })

  test('L70: a form brings it too, and with it somebody signs in', async () => {
    const browser = app.browser()
    const body = new URLSearchParams({ kc_idp_hint: 'corp' })
    const start = await browser.send(`${app.origin}/bff/login`, { method: 'POST', body })
    assert.equal(start.status, 303)
    const location = new URL(start.headers.get('location') ?? '')
    assert.equal(location.searchParams.get('kc_idp_hint'), 'corp')
    await browser.send(await app.provider.approve(location))
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test('L70: twice, longer than 256 bytes or with controls is 400', async () => {
    const ofBytes = (count: number) => `kc_idp_hint=${encodeURIComponent('é'.repeat(count / 2))}`
    assert.equal((await begin(ofBytes(256))).status, 302)
    for (const query of [
      'kc_idp_hint=a&kc_idp_hint=a',
      'kc_idp_hint=a&kc_idp_hint=',
      ofBytes(258),
      'kc_idp_hint=a%0d%0ab',
    ]) {
      const answer = await begin(query)
      assert.equal(answer.status, 400, query)
      assert.deepEqual(answer.headers.getSetCookie(), [], query)
    }
  })

  test('L70: anything else stays here, and an event names it', async () => {
    const before = app.log.events.length
    await asked('kc_idp_hint=a&returnUrl=/x&login_hint=al')
    const events = app.log.events.slice(before).map(({ event }) => event)
    assert.equal(events.includes('sign_in.parameters_ignored'), false)

    const secret = 's'.repeat(41)
    const query = `Kc_idp_hint=1&scope=all&request_uri=x&scope=b&${secret}=1&%0ax=1`
    const sent = await asked(query)
    assert.equal(sent.has('request_uri'), false)
    assert.equal(sent.has('Kc_idp_hint'), false)
    assert.equal(sent.getAll('scope').length, 1)
    assert.deepEqual(ignored(), ['Kc_idp_hint', 'scope', 'request_uri', 'withheld'])

    await asked(Array.from({ length: 30 }, (_, nth) => `n${nth}=1`).join('&'))
    assert.equal(ignored().length, 10)
  })
})
