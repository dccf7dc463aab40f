import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import type { Visit } from './support/http-browser.ts'

let app: App
before(async () => {
  app = await startApp({ env: { NODE_ENV: 'development' } })
})
after(() => app.close())

/** All that an answer of ours tells the browser. */
const bytesOf = ({ headers, body }: Visit) => `${JSON.stringify([...headers])} ${body}`

async function everyAnswer(browser: AppBrowser): Promise<Visit[]> {
  const begun = await browser.send(`${app.origin}/bff/login`)
  const callback = await app.provider.approve(begun.headers.get('location') ?? '')
  const signedIn = await browser.send(callback)
  const user = await browser.call('/bff/user')
  const called = await browser.call('/api/remote/api/x')
  const diagnostics = await browser.call('/bff/diagnostics')
  const replayed = await browser.send(callback)
  const logoutUrl = (await browser.user())?.['bff:logout_url']
  const left = await browser.send(`${app.origin}${logoutUrl}`)
  // The provider's own sign-out address bears the ID token (OpenID Connect RP-Initiated Logout).
  left.headers.delete('location')
  return [begun, signedIn, user, called, diagnostics, replayed, left]
}

test('S2: nothing that the provider keeps secret is in any answer', async () => {
  const secrets: string[] = [app.provider.clientSecret]
  app.provider.override('token', async (request, usual) => {
    const answer = await usual()
    const { access_token, refresh_token, id_token } = answer.body as Record<string, string>
    secrets.push(...[access_token, refresh_token, id_token].filter((it) => it !== undefined))
    secrets.push(request.params.get('code') ?? '', request.params.get('code_verifier') ?? '')
    return answer
  })
  const answers = await everyAnswer(app.browser())
  assert.equal(secrets.filter(Boolean).length, 6)
  for (const [index, answer] of answers.entries()) {
    const bytes = bytesOf(answer)
    for (const secret of secrets.filter(Boolean)) {
      assert.ok(!bytes.includes(secret), `answer ${index}, ${answer.url.pathname}`)
    }
  }
})
