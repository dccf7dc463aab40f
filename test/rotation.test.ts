import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { eventually } from '#lib/store/contract-support.ts'
import type { KeyValue } from '#lib/store/key-value.ts'
import { createSqliteStore } from '#lib/store/sqlite.ts'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import { oneCloakroom } from './support/cookie-names.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'

const old = 'Zq4Wn8Rt2Lk6Vb9Xc3Mf7Hj1Gd5Sp0Ty'
const young = 'Bv7Nm3Kl9Jh5Gf1Ds8Aq4We6Rt2Yu0Io'

let provider: ScriptedProvider
let directory: string
let file: string
let runs = 0
/** A look at the file from aside. */
let store: KeyValue
let app: App
before(async () => {
  provider = await startScriptedProvider()
  directory = mkdtempSync(join(tmpdir(), 'cloakroom-rotation-'))
})
after(async () => {
  await provider.close()
  rmSync(directory, { recursive: true })
})
beforeEach(() => {
  file = join(directory, `${runs++}.db`)
  store = createSqliteStore({ file })
})
afterEach(async () => {
  await app.close()
  await store.close()
})

async function startWith(...secrets: string[]): Promise<void> {
  const env = { BFF_SECRET: secrets.join(',') }
  app = await startApp({ config: oneCloakroom, env, provider, store: createSqliteStore({ file }) })
}

async function restartWith(...secrets: string[]): Promise<void> {
  await app.close()
  await startWith(...secrets)
}

/** A browser of the app that runs now, with the cookies of an earlier one. */
function sameBrowser(earlier: AppBrowser): AppBrowser {
  const browser = app.browser()
  browser.jar.set('localhost', new Map(earlier.jar.get('localhost')))
  return browser
}

const ticketOf = (browser: AppBrowser) =>
  browser.jar.get('localhost')?.get(oneCloakroom.session.cookieName)

/** Which secret the one session's record is encrypted under, by the public name of the key. */
async function recordKey(): Promise<string> {
  const [session] = await app.bff.sessions.list('alice')
  const entry = await store.getFresh(`session:${session?.id}`)
  const header = Buffer.from(String(entry?.value.split('.')[0]), 'base64url').toString()
  return JSON.parse(header).kid
}

describe('rotation of BFF_SECRET', () => {
  test('S5: a session outlives its secret when it was used in between', async () => {
    await startWith(old)
    let browser = app.browser()
    await browser.signInHere()
    const oldTicket = ticketOf(browser)
    const oldKey = await recordKey()
    const refreshes = provider.tokenRequests('refresh_token').length

    await restartWith(young, old)
    browser = sameBrowser(browser)
    assert.equal((await browser.user())?.sub, 'alice')
    assert.notEqual(ticketOf(browser), oldTicket, 'the ticket is sealed again')
    await eventually(async () => (await recordKey()) !== oldKey)
    assert.equal((await browser.user())?.sub, 'alice')

    await restartWith(young)
    browser = sameBrowser(browser)
    assert.equal((await browser.user())?.sub, 'alice')
    app.advance(270_000)
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
    assert.equal(provider.tokenRequests('refresh_token').length, refreshes + 1)
  })

  test('S5: a proxied call replaces the ticket as well', async () => {
    await startWith(old)
    let browser = app.browser()
    await browser.signInHere()
    await restartWith(young, old)
    browser = sameBrowser(browser)
    const answer = await browser.call('/api/remote/api/x')
    assert.equal(answer.status, 200)
    assert.match(answer.headers.getSetCookie().join(), /^bff=Fe26.*HttpOnly; SameSite=Strict/)
    const again = await browser.call('/api/remote/api/x')
    assert.deepEqual(again.headers.getSetCookie(), [], 'once')
  })

  test('S5: the new ticket ends when the old one would have', async () => {
    await startWith(old)
    let browser = app.browser()
    await browser.signInHere()
    await restartWith(young, old)
    app.advance(20 * 60_000)
    browser = sameBrowser(browser)
    const [setCookie] = (await browser.call('/bff/user')).headers.getSetCookie()
    const maxAge = Number(/Max-Age=(\d+)/.exec(setCookie ?? '')?.[1])
    assert.ok(maxAge <= 8 * 3600 - 20 * 60, `${maxAge} s`)
  })

  test('S5: a session that was not used in between is none afterwards, and breaks nothing', async () => {
    await startWith(old)
    let browser = app.browser()
    await browser.signInHere()
    await restartWith(young)
    browser = sameBrowser(browser)
    assert.equal(await browser.user(), undefined)
    assert.equal((await browser.call('/api/remote/api/x')).status, 401)
    assert.equal((await browser.call('/bff/logout?sid=x')).status, 302)
    await browser.signInHere()
    assert.equal((await browser.user())?.sub, 'alice')
    const loud = ['unexpected.error', 'request.failed']
    assert.ok(!app.log.events.some(({ event }) => loud.includes(event)))
  })

  test('S5: a sign-in and a sign-out under way outlive the change', async () => {
    await startWith(old)
    let browser = app.browser()
    const begun = await browser.send(`${app.origin}/bff/login?returnUrl=/deep`)
    const leaving = app.browser()
    await leaving.signInHere()
    const left = await leaving.call('/bff/logout?returnUrl=/bye', { method: 'POST' })
    const { search } = await provider.approve(begun.headers.get('location') ?? '')
    await restartWith(young, old)
    browser = sameBrowser(browser)
    const answer = await browser.send(`${app.origin}/bff/callback${search}`)
    assert.equal(answer.headers.get('location'), '/deep')
    assert.equal((await browser.user())?.sub, 'alice')
    const { port } = new URL(app.origin)
    const leave = new URL(JSON.parse(left.body).redirectUrl)
    leave.port = port
    const { headers } = await sameBrowser(leaving).send(leave)
    const state = new URL(headers.get('location') ?? '').searchParams.get('state') ?? ''
    const back = await browser.call(`/bff/logout-callback?state=${encodeURIComponent(state)}`)
    assert.equal(back.headers.get('location'), '/bye')
  })
})
