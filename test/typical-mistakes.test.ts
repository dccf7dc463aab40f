import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { Config } from '#lib/config/define-config.ts'
import { eventLevels, type LogEvent } from '#lib/telemetry/log.ts'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import { appFolder, runCommand } from './support/command.ts'
import type { ScriptedAnswer } from './support/scripted-messages.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'

/** Made by hand, in a Cloakroom and at a provider that are otherwise right. */
interface Mistake {
  /** `<issuer>` stands for the provider's. */
  env?: Record<string, string>
  config?: Config
  metadata?: Record<string, unknown>
  at?: (provider: ScriptedProvider) => void
  /** What shows it after the sign-in; its answer is what people see. */
  later?: (app: App, browser: AppBrowser) => Promise<Seen>
}

interface Seen {
  readonly status: number
  readonly body: string
  readonly url: URL
}

const nothingListens = 'http://127.0.0.1:3'
const afterExpiry: NonNullable<Mistake['later']> = (app, browser) => {
  app.advance(301_000)
  return browser.call('/api/remote/api/x')
}
const afterSignOut: NonNullable<Mistake['later']> = async (app, browser) => {
  const user = await browser.user()
  return browser.visit(`${app.origin}${user?.['bff:logout_url']}`)
}
const page = (body: string): ScriptedAnswer => ({ status: 400, body })

/** Sends the browser back with an error in place of a code. */
function answersWith(
  error: string,
  description: string,
  when: (asked: URLSearchParams) => boolean = () => true,
) {
  return (provider: ScriptedProvider) => {
    provider.override('authorize', async ({ params }, usual) => {
      const answer = await usual()
      if (!when(params)) return answer
      const location = new URL(answer.headers?.location ?? '')
      location.searchParams.delete('code')
      location.searchParams.set('error', error)
      location.searchParams.set('error_description', description)
      return { ...answer, headers: { ...answer.headers, location: location.href } }
    })
  }
}

/** Changes what the token endpoint answers. */
function givesTokens(change: (body: Record<string, unknown>) => object | Promise<object>) {
  return (provider: ScriptedProvider) => {
    provider.override('token', async (_, usual) => {
      const answer = await usual()
      return { ...answer, body: await change({ ...(answer.body as object) }) }
    })
  }
}

function tenMinutesAgo(provider: ScriptedProvider): void {
  const date = new Date(Date.now() - 600_000).toUTCString()
  for (const name of ['discovery', 'jwks', 'token'] as const) {
    provider.override(name, async (_, usual) => {
      const answer = await usual()
      const body = answer.body as { id_token?: string }
      const [, claims = ''] = body.id_token?.split('.') ?? []
      const iat = Math.floor(Date.now() / 1000) - 600
      const id_token =
        claims === ''
          ? undefined
          : await provider.signIdToken({
              ...JSON.parse(String(Buffer.from(claims, 'base64url'))),
              ...{ iat, exp: iat + 300 },
            })
      return {
        ...answer,
        headers: { ...answer.headers, date },
        body: { ...body, ...(id_token && { id_token }) },
      }
    })
  }
}

function knowsNoResources(provider: ScriptedProvider): void {
  answersWith('invalid_target', 'unknown resource', (asked) => asked.has('resource'))(provider)
  provider.override('token', ({ params }, usual) =>
    params.has('resource') ? { status: 400, body: { error: 'invalid_target' } } : usual(),
  )
}

const mistakes: Record<string, Mistake> = {
  'the client secret is wrong': { env: { OIDC_CLIENT_SECRET: 'another-secret-of-the-tests' } },
  'the client id is wrong': {
    env: { OIDC_CLIENT_ID: 'nobody' },
    at: (provider) => {
      provider.override('authorize', ({ params }, usual) =>
        params.get('client_id') === provider.clientId ? usual() : page('unknown client'),
      )
    },
  },
  'the issuer is spelled otherwise than by the provider': { env: { OIDC_ISSUER: '<issuer>/' } },
  'the realm or tenant of the issuer does not exist': {
    env: { OIDC_ISSUER: '<issuer>/realms/nowhere' },
  },
  'the issuer has moved': {
    at: (provider) => {
      const headers = { location: 'https://elsewhere.example/' }
      provider.override('discovery', () => ({ status: 301, headers }))
    },
  },
  'the provider cannot be reached': { env: { OIDC_ISSUER: nothingListens } },
  'the redirect URI is not registered': {
    at: (provider) => void provider.override('authorize', () => page('redirect_uri')),
  },
  'the post-logout redirect URI is not registered': {
    at: (provider) => void provider.override('endSession', () => page('redirect_uri')),
    later: afterSignOut,
  },
  'a scope is not allowed to the client, often `offline_access`': {
    env: { OIDC_SCOPE: 'openid unheard-of' },
    metadata: { scopes_supported: ['openid', 'profile'] },
    at: answersWith('invalid_scope', 'Invalid scopes: unheard-of'),
  },
  'the code flow is switched off for the client': {
    at: answersWith('unauthorized_client', 'Client is not allowed to initiate browser login'),
  },
  'the client wants another PKCE method': {
    at: answersWith('invalid_request', 'Invalid parameter: code challenge method is not right'),
  },
  'the grant refresh_token is missing': {
    metadata: { grant_types_supported: ['authorization_code'] },
    at: givesTokens(({ refresh_token: _, ...body }) => body),
    later: afterExpiry,
  },
  '`offline_access` is a default scope of the client at Keycloak': {
    at: givesTokens((body) => ({ ...body, refresh_expires_in: 0 })),
  },
  'ID tokens are signed otherwise than is set': {
    config: { oidc: { idTokenAlg: 'ES256' } },
    metadata: { id_token_signing_alg_values_supported: ['RS256'] },
  },
  'one of the two clocks is wrong': { at: tenMinutesAgo },
  'a remote names a resource that the provider does not know': {
    config: { remotes: { api: { target: '<issuer>', resource: 'urn:unknown' } } },
    at: knowsNoResources,
    later: afterExpiry,
  },
  'an API is not running': {
    config: { remotes: { api: { target: nothingListens } } },
    later: afterExpiry,
  },
  'the session store is not running': {
    env: { BFF_STORE: 'redis', REDIS_URL: 'redis://127.0.0.1:3' },
  },
  'the provider cannot revoke tokens': { metadata: { revocation_endpoint: undefined } },
  'pushed requests are asked for, and the provider has none': {
    config: { oidc: { par: true } },
    metadata: { pushed_authorization_request_endpoint: undefined },
  },
  'DPoP is asked for, and the provider has none': {
    config: { oidc: { dpop: true } },
    metadata: { dpop_signing_alg_values_supported: undefined },
    at: givesTokens((body) => ({ ...body, token_type: 'Bearer' })),
  },
  'UserInfo is asked for, and the client may not': {
    config: { oidc: { userinfo: true } },
    at: (provider) => {
      const body = { error: 'insufficient_scope' }
      provider.override('userinfo', () => ({ status: 403, body }))
    },
  },
  'the realm or the client was switched off there': {
    later(app, browser) {
      const body = { error: 'access_denied', error_description: 'Realm not enabled' }
      app.provider.override('token', () => ({ status: 403, body }))
      return afterExpiry(app, browser)
    },
  },
}

const text = readFileSync(join(import.meta.dirname, '../docs/providers.md'), 'utf8')
const table = text
  .slice(text.indexOf('## Mistakes, '))
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) => {
    const [, mistake = '', people = '', log = '', doctor = '', change = ''] = line
      .split('|')
      .map((cell) => cell.trim())
    return { mistake, people, log, doctor, change }
  })

const codesIn = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, it = '']) => it)
const quotesIn = (cell: string) => [...cell.matchAll(/“([^”]+)”/g)].map(([, it = '']) => it)
const withErrors = (_: string, value: unknown) =>
  value instanceof Error ? { ...value, message: value.message } : value

async function made(t: TestContext, mistake: Mistake) {
  const provider = await startScriptedProvider({ metadata: mistake.metadata ?? {} })
  t.after(() => provider.close())
  const filled = <T>(value: T): T =>
    JSON.parse(JSON.stringify(value).replaceAll('<issuer>', () => provider.issuer)) as T
  const [env, config] = [filled(mistake.env ?? {}), filled(mistake.config ?? {})]
  const store = env.BFF_STORE === undefined ? {} : { store: 'settings' as const }
  const app = await startApp({ provider, env, config, ...store })
  t.after(() => app.close())
  mistake.at?.(provider)
  const target = app.bff.settings.remotes.api?.target
  const folder = appFolder({
    'bff.config.json': JSON.stringify({ remotes: { api: { target } }, ...config }),
  })
  t.after(() => folder.remove())
  return { app, env, folder: folder.path }
}

async function seenIn(app: App, { later }: Mistake): Promise<Seen> {
  const browser = app.browser()
  const seen = await browser.signInHere()
  return later ? later(app, browser) : seen
}

async function foundBy(app: App, env: Record<string, string>, cwd: string): Promise<string[]> {
  const { provider } = app
  const { stdout } = await runCommand(['doctor', '--json'], {
    cwd,
    env: {
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: provider.clientId,
      OIDC_CLIENT_SECRET: provider.clientSecret,
      BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
      BFF_BASE_URL: app.origin,
      BFF_SQLITE_FILE: 'sessions.db',
      ...env,
    },
  })
  const { checks } = JSON.parse(stdout) as { checks: { id: string; status: string }[] }
  const marks: Record<string, string> = { fail: '✖', warn: '!' }
  return checks.flatMap(({ id, status }) => (marks[status] ? `${marks[status]} \`${id}\`` : []))
}

describe('A62: mistakes of whoever sets it up', () => {
  test('A62: each line of the table is made here, and there are twenty at least', () => {
    assert.deepEqual(
      table.map(({ mistake }) => mistake),
      Object.keys(mistakes),
    )
    assert.ok(table.length >= 20)
  })

  for (const { mistake, people, log, doctor, change } of table) {
    test(`A62: ${mistake}`, async (t) => {
      const it = mistakes[mistake] ?? assert.fail('it is not made')
      const { app, env, folder } = await made(t, it)
      if (/at the start|revoke tokens/.test(log + mistake)) app.bff.begin()
      const [event = '', ...codes] = codesIn(log)
      const lines = () =>
        app.log.events
          .filter((line) => line.event === event)
          .map(({ fields }) => JSON.stringify(fields, withErrors))
      const says = (line: string) =>
        [...codes, ...quotesIn(log)].every((word) => line.includes(word))
      const seen = await seenIn(app, it)
      for (let round = 0; !lines().some(says) && round < 100; round++) {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }

      const [, status] = /^(\d{3}) /.exec(people) ?? []
      if (status) assert.equal(seen.status, Number(status), seen.body)
      else if (people === 'nothing') assert.equal(seen.status, 303)
      else assert.equal(seen.url.origin, app.provider.issuer)
      for (const word of [...codesIn(people), ...quotesIn(people)]) {
        assert.ok(seen.body.includes(word), `${word} in ${seen.body}`)
      }

      const line = lines().find(says) ?? assert.fail(`${event}: ${lines().join('\n')}`)
      assert.equal(log.split(' ')[0], eventLevels[event as LogEvent])
      const hasFix = line.includes('"fix"')
      for (const setting of codesIn(change)) {
        assert.ok(!hasFix || line.includes(setting.split(':')[0] ?? ''), `${setting} in ${line}`)
      }

      const found = await foundBy(app, env, folder)
      assert.equal(found.join(', ') || '–', doctor)
    })
  }
})
