import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type App, startApp } from './support/app.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'

/** What a start said is wrong. */
async function told(app: App): Promise<string[]> {
  app.bff.begin()
  const registered = app.log.events.find(({ event }) => event === 'server.registers_as')
  assert.deepEqual(registered?.fields, {
    redirectUri: `${app.origin}/bff/callback`,
    postLogoutRedirectUri: `${app.origin}/bff/logout-callback`,
    client: app.provider.clientId,
    issuer: app.provider.issuer,
  })
  const { requests } = app.provider
  // It is over when nothing is asked any more.
  for (let seen = -1, quiet = 0; quiet < 10; ) {
    quiet = requests.length === seen ? quiet + 1 : 0
    seen = requests.length
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return app.log.events
    .filter(({ event }) => event === 'misconfiguration')
    .map(({ fields }) => (fields as { what: string }).what)
}

async function appAt(provider: ScriptedProvider, config = {}) {
  return startApp({ provider, config })
}

describe('A57: a start says what would fail later', () => {
  let provider: ScriptedProvider
  before(async () => {
    provider = await startScriptedProvider()
  })
  after(() => provider.close())

  async function whatIsTold(t: { after(work: () => unknown): void }, config = {}) {
    const app = await appAt(provider, config)
    t.after(() => app.close())
    return told(app)
  }

  test('nothing where all is well', async (t) => {
    assert.deepEqual(await whatIsTold(t), [])
  })

  test('a redirect URI that is not registered', async (t) => {
    t.after(provider.override('authorize', () => ({ status: 400, body: 'no' })))
    assert.deepEqual(await whatIsTold(t), ['the provider does not accept our redirect URI'])
  })

  test('a post-logout redirect URI that is not registered', async (t) => {
    t.after(provider.override('endSession', () => ({ status: 400, body: 'no' })))
    const what = 'the provider does not accept our post-logout redirect URI'
    assert.deepEqual(await whatIsTold(t), [what])
  })

  test('a clock that is off', async (t) => {
    const date = new Date(Date.now() + 120_000).toUTCString()
    const end = provider.override('jwks', async (_, usual) => {
      const answer = await usual()
      return { ...answer, headers: { ...answer.headers, date } }
    })
    t.after(end)
    const [what = '', ...more] = await whatIsTold(t)
    assert.match(what, /^the clock of this machine and that of the provider differ by 1[12]\d s$/)
    assert.deepEqual(more, [])
  })
})

test('A57: a provider without a revocation endpoint is told, unless nothing is to be revoked', async (t) => {
  const provider = await startScriptedProvider({ metadata: { revocation_endpoint: undefined } })
  t.after(() => provider.close())
  for (const revoke of [true, false]) {
    const app = await appAt(provider, { logout: { revoke } })
    t.after(() => app.close())
    const what = 'the provider has no revocation endpoint: tokens stay valid there after a sign-out'
    assert.deepEqual(await told(app), revoke ? [what] : [])
  }
})
