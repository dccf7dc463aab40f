import { expect, expectCall, mark, openSignedIn, signOut, test } from './fixtures.ts'

test('S2: no token, code or secret in any byte that the browser receives', async ({
  page,
  context,
  app,
}) => {
  const { provider } = app
  // OpenID Connect RP-Initiated Logout 1.0 section 2: the ID token goes to the provider as a hint, by way
  // of the browser. In this one address, and nowhere else, it may stand.
  const hint = new RegExp(`(${provider.issuer}/session/end\\?[^"\\s]*?id_token_hint=)[\\w.-]+`, 'g')
  // Tests before this one may have signed out as well.
  const earlier = app.received().match(hint)?.length ?? 0
  // The whole life of a session, with a refresh in it …
  await openSignedIn(page)
  await expectCall(page, 'orders', 200)
  await page.waitForTimeout(5500)
  await expectCall(page, 'echo', 200)
  const stored = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]),
  )
  // … every answer that goes wrong …
  for (const path of [
    '/bff/login?returnUrl=https://other.example/',
    '/bff/callback',
    `/bff/callback?state=${mark}state&code=${mark}code`,
    `/bff/callback?state=${mark}state&error=server_error&error_description=${mark}text`,
    `/bff/logout?sid=${mark}sid`,
    '/bff/silent-login-callback',
    '/bff/diagnostics',
    '/bff/health/ready',
    '/bff/nothing',
    '/api/remote/nothing',
    '/nothing',
  ]) {
    await page.goto(path)
  }
  provider.controls.tokenFailure = 500
  await page.goto('/bff/login')
  provider.controls.tokenFailure = 'html200'
  await page.goto('/bff/login')
  provider.controls.tokenFailure = undefined
  // … and the end.
  await page.goto('/')
  await signOut(page)
  // The page knows before the browser has left for the provider.
  await expect(async () => {
    expect(app.received().match(hint)).toHaveLength(earlier + 1)
  }).toPass()

  const cookies = JSON.stringify(
    (await context.cookies()).filter(({ name }) => !name.startsWith('_demo_idp')),
  )
  const received = app.received()
  const everything = [received.replace(hint, '$1'), stored, cookies].join('\n')

  expect(received.includes('alice@example.com'), 'the tap works').toBe(true)
  expect(provider.issued.length).toBeGreaterThan(6)
  expect(around(everything, mark)).toEqual([])
  expect(everything.match(/eyJ[\w-]{8,}\.[\w-]{8,}\./g)).toBeNull()
  // A chunk boundary may run through a secret: its beginning or its end would still be whole.
  const secrets = provider.issued.map(({ value }) => value)
  const pieces = secrets.flatMap((secret) => [secret.slice(-20), secret.slice(0, 40)])
  for (const piece of [provider.clientSecret, ...pieces]) {
    expect(around(everything, piece)).toEqual([])
  }
})

/** Where a needle was found, with enough hay to recognise the place. */
function around(hay: string, needle: string): string[] {
  const at = hay.indexOf(needle)
  return at < 0 ? [] : [hay.slice(Math.max(0, at - 300), at + needle.length + 50)]
}
