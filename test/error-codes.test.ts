import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { type App, startApp } from './support/app.ts'
import type { EndpointName, RecordedRequest } from './support/scripted-provider.ts'

/** Later than the five minutes that the scripted provider's access tokens live. */
const expired = 301_000
const endpoints: readonly EndpointName[] = ['token', 'par', 'userinfo', 'revocation', 'authorize']

let app: App
before(async () => {
  app = await startApp({
    config: {
      oidc: { userinfo: true, par: true },
      remotes: {
        api: { target: 'http://127.0.0.1:1' },
        exchanged: { target: 'http://127.0.0.1:1', exchange: { audience: 'x' } },
      },
      clients: { catalog: { scope: 'catalog', parameters: { extra: 'what-a-setting-adds' } } },
    },
  })
})
after(() => app.close())
afterEach(() => {
  for (const name of endpoints) app.provider.override(name)
})

/** What was sent and is nobody's business: form fields, and what the headers hold, in clear. */
function secretsOf({ params, headers }: RecordedRequest): string[] {
  const names = ['code', 'code_verifier', 'refresh_token', 'subject_token', 'token', 'extra']
  const basic = headers.authorization?.replace('Basic ', '') ?? ''
  return [
    ...[...names, 'state', 'nonce', 'code_challenge'].map((name) => params.get(name) ?? ''),
    headers.authorization?.split(' ')[1] ?? '',
    Buffer.from(basic, 'base64').toString('utf8').split(':')[1] ?? '',
  ].filter((value) => value.length > 7 && /^[\x20-\x7e]+$/.test(value))
}

const ways: [how: string, (secret: string) => string][] = [
  ['as it is', (secret) => secret],
  ['with words around it', (secret) => `no such grant ${secret} here`],
  ['in part', (secret) => secret.slice(0, 12)],
  ['and more than any log takes', (secret) => secret.padEnd(500, 'x')],
  ['with a quote before it', (secret) => `"${secret}`],
]

/** All that is asked of the provider in one person's day. */
async function everything(): Promise<void> {
  const browser = app.browser()
  await browser.signInHere()
  app.advance(expired)
  await browser.call('/api/remote/api/x')
  await browser.call('/api/remote/exchanged/x')
  await app.bff.forgetClientToken('catalog')
  await app.bff.clientToken('catalog')
  const { 'bff:logout_url': logout = '/bff/logout' } = (await browser.user()) ?? {}
  await browser.send(app.origin + logout)
  app.advance(expired)
}

describe('an error that is none (RFC 6749 section 5.2)', () => {
  const grants = ['authorization_code', 'refresh_token', 'client_credentials', 'token-exchange']
  const askers: [what: string, name: EndpointName, grant: string][] = [
    ...grants.map((grant): [string, EndpointName, string] => [grant, 'token', grant]),
    ['a pushed request', 'par', ''],
    ['UserInfo', 'userinfo', ''],
    ['a revocation', 'revocation', ''],
  ]
  for (const [what, name, grant] of askers) {
    test(`A3: what ${what} sent never comes into the log as an error code`, async () => {
      let turn = 0
      for (const status of [403, 200]) {
        for (const [how, wrap] of [...ways, ...ways, ...ways, ...ways]) {
          const sent: string[] = []
          app.log.events.length = 0
          app.provider.override(name, async (request, usual) => {
            if (!(request.params.get('grant_type') ?? '').endsWith(grant)) return usual()
            const secrets = secretsOf(request)
            sent.push(...secrets)
            const error = wrap(secrets[turn++ % secrets.length] ?? '')
            return { status, body: { error, error_description: error } }
          })
          await everything()
          const log = inspect(app.log.events, { depth: 9 })
          assert.ok(sent.length > 0, `${what} ${how}`)
          for (const secret of sent) {
            assert.ok(!log.includes(secret.slice(0, 12)), `${what} ${status} ${how}: ${log}`)
          }
        }
      }
    })
  }

  test('A3: nor does what a browser brings to the callback', async () => {
    for (const part of ['state', 'code'] as const) {
      for (const [how, wrap] of ways) {
        app.log.events.length = 0
        let secret = ''
        app.provider.override('authorize', async (_, usual) => {
          const answer = await usual()
          const url = new URL(String(answer.headers?.location))
          secret = url.searchParams.get(part) ?? ''
          url.searchParams.set('error', wrap(secret))
          url.searchParams.set('error_description', wrap(secret))
          return { ...answer, headers: { location: url.href } }
        })
        const page = await app.browser().signInHere()
        assert.equal(page.status, 400)
        const log = inspect(app.log.events, { depth: 9 })
        assert.match(log, /error: 'withheld'/)
        assert.ok(!log.includes(secret.slice(0, 12)), `${part} ${how}: ${log}`)
        assert.ok(!page.body.includes(secret.slice(0, 12)), `${part} ${how}`)
      }
    }
  })
})
