import { expect, expectCall, mark, openSignedIn, signOut, test } from './fixtures.ts'

test('S2: no token, code or secret in any byte that the browser receives', async ({
  page,
  context,
  app,
}) => {
  const { provider } = app
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

  const received = app.received()
  const cookies = JSON.stringify(
    (await context.cookies()).filter(({ name }) => !name.startsWith('_demo_idp')),
  )
  const everything = [received, stored, cookies].join('\n')
  expect(received).toContain('alice@example.com')
  expect(provider.issued.length).toBeGreaterThan(6)
  expect(everything).not.toContain(mark)
  expect(everything).not.toMatch(/eyJ[\w-]{8,}\.[\w-]{8,}\./)
  const secrets = [provider.clientSecret, ...provider.issued.map(({ value }) => value)]
  // A chunk boundary may run through a secret: its beginning or its end would still be whole.
  const pieces = secrets.flatMap((secret) => [secret.slice(-20), secret.slice(0, 40)])
  const found = pieces.filter((piece) => everything.includes(piece))
  expect(found).toEqual([])
})
