import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { logoutPageUrl } from '#lib/oidc/logout-page-url.ts'
import { type AppBrowser, startApp } from './support/app.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'

const peer = await startScriptedProvider({ metadata: { end_session_endpoint: undefined } })
after(() => peer.close())
const url = `${peer.issuer}/logout`
const start = (params: Record<string, string>) =>
  startApp({ provider: peer, config: { oidc: { logout: { url, params } } } })

async function signOut(origin: string, browser: AppBrowser): Promise<URL> {
  await browser.signInHere()
  const logoutUrl = String((await browser.user())?.['bff:logout_url'])
  const answer = await browser.send(`${origin}${logoutUrl}&returnUrl=/bye`)
  assert.equal(answer.status, 302)
  assert.equal(await browser.user(), undefined)
  return new URL(answer.headers.get('location') ?? '')
}

describe('a sign-out page that the settings name', () => {
  test('O70: gets what its parameters ask for, and no more', async (t) => {
    const app = await start({
      client_id: '{clientId}',
      logout_uri: '{postLogoutRedirectUri}',
      both: 'v2:{clientId}:{state}',
      id_token: '{idToken}',
      fixed: 'a b&c',
    })
    t.after(() => app.close())
    const location = await signOut(app.origin, app.browser())
    const { id_token, both, ...rest } = Object.fromEntries(location.searchParams)
    assert.equal(`${location.origin}${location.pathname}`, url)
    assert.deepEqual(rest, {
      client_id: peer.clientId,
      logout_uri: `${app.origin}/bff/logout-callback`,
      fixed: 'a b&c',
    })
    assert.match(id_token ?? '', /^[\w-]+\.[\w-]+\.[\w-]+$/)
    assert.match(both ?? '', new RegExp(`^v2:${peer.clientId}:.{20,}$`))
  })

  test('O70: who brings the state back ends at the return URL, and without it at /', async (t) => {
    for (const [params, end] of [
      [{ state: '{state}' }, '/bye'],
      [{}, '/'],
    ] as const) {
      const app = await start({ post_logout_redirect_uri: '{postLogoutRedirectUri}', ...params })
      t.after(() => app.close())
      const browser = app.browser()
      const atProvider = await browser.send((await signOut(app.origin, browser)).href)
      const back = await browser.send(atProvider.headers.get('location') ?? '')
      assert.equal(back.status, 303)
      assert.equal(back.headers.get('location'), end)
    }
  })

  test('O70: a form of ours may lead there', async (t) => {
    const app = await start({})
    t.after(() => app.close())
    await app.browser().signInHere()
    assert.deepEqual(app.bff.providerOrigins()?.signOut, [new URL(url).origin])
  })

  test('O70: what a value holds is no placeholder, and without an ID token its parameter goes', () => {
    const params = { a: '{state}', b: 'x{idToken}', c: '{clientId}' }
    const values = { clientId: '{state}', postLogoutRedirectUri: '', state: '{clientId}' }
    const address = logoutPageUrl({ url, params }, { ...values, idToken: undefined })
    assert.deepEqual(Object.fromEntries(address.searchParams), { a: '{clientId}', c: '{state}' })
  })
})
