import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startApp } from './support/app.ts'

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** Unsigned: what is told is read, not believed. */
function jwt(claims: Record<string, unknown>): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${encode({ alg: 'RS256' })}.${encode(claims)}.c2ln`
}

describe('T26: a token that is not for whom it was asked for', () => {
  const cases: [string, string, boolean][] = [
    ['that names another', jwt({ aud: 'another' }), true],
    ['that names others', jwt({ aud: ['another', 'https://api.example.com/x'] }), true],
    ['that names nobody', jwt({ sub: 'alice' }), true],
    ['that names it', jwt({ aud: 'urn:orders' }), false],
    ['that names it among others', jwt({ aud: ['another', 'urn:orders'] }), false],
    ['that is no JWT', 'opaque', false],
    ['that only looks like one', 'a.b.c', false],
  ]
  for (const [title, token, isTold] of cases) {
    test(`T26: one ${title} is ${isTold ? 'told once, with the remote' : 'not told'}`, async (t) => {
      const target = 'http://127.0.0.1:1'
      const app = await startApp({
        config: {
          remotes: {
            plain: { target },
            orders: { target, resource: 'urn:orders' },
            legacy: { target, exchange: { audience: 'urn:orders' } },
            machine: { target, token: 'client', client: 'catalog' },
          },
          clients: { catalog: { resource: 'urn:orders' } },
        },
      })
      t.after(() => app.close())
      const told = () =>
        app.log.events.flatMap(({ event, fields }) => {
          const { what = '' } = fields as { what?: string }
          return event === 'misconfiguration' && /is for/.test(what) ? what : []
        })
      const browser = app.browser()
      await browser.signInHere()
      app.provider.override('token', async ({ params }, usual) => {
        const answer = await usual()
        const isUsers = params.get('grant_type') === 'refresh_token' && !params.has('resource')
        const body = answer.body as Record<string, unknown>
        return isUsers ? answer : { ...answer, body: { ...body, access_token: token } }
      })
      for (let round = 0; round < 2; round++) {
        for (const [name, whose] of [
          ['orders', '(remote orders)'],
          ['legacy', '(remote legacy)'],
          ['machine', '(client catalog, remote machine)'],
        ] as const) {
          const before = told().length
          await browser.call(`/api/remote/${name}/x`)
          const added = told().slice(before)
          assert.equal(added.length, isTold && round === 0 ? 1 : 0, name)
          for (const what of added) assert.ok(what.includes(whose), what)
        }
        // Longer than the log leaves out what it has told.
        app.advance(601_000)
      }
      await browser.call('/api/remote/plain/x')
      assert.equal(told().length, isTold ? 3 : 0)
      assert.ok(app.provider.tokenRequests(exchangeGrant).length > 0)
    })
  }
})
