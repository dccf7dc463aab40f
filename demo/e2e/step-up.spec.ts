import { demoAcr } from '../../test/stand-ins/provider-config.ts'
import { expect, expectCall, openSignedIn, pickUser, test } from './fixtures.ts'

test('T13: the demand for a stronger sign-in is a problem that says where to get it', async ({
  page,
  app,
}) => {
  app.provider.controls.accessTokenSeconds = 300
  await openSignedIn(page)
  app.provider.controls.accessTokenSeconds = 5
  const before = app.provider.counters.grants.refresh_token ?? 0
  const { status, body, challenge } = await page.evaluate(async () => {
    const answer = await fetch('/api/remote/orders/step-up')
    const challenge = answer.headers.get('www-authenticate')
    return { status: answer.status, body: await answer.json(), challenge }
  })
  expect(status).toBe(401)
  expect(body).toMatchObject({ status: 401, code: 'step_up_required' })
  expect(body.loginUrl).toBe(`/bff/login?${new URLSearchParams({ acr_values: demoAcr.double })}`)
  expect(challenge).toBeNull()
  // It is the sign-in that is too weak: another token of the same one would not help.
  expect(app.provider.counters.grants.refresh_token ?? 0).toBe(before)
})

test('T13: the page follows it, the user signs in more strongly, and the call succeeds', async ({
  page,
  app,
}) => {
  await openSignedIn(page)
  await expectCall(page, 'step-up', 401)
  await page.getByTestId('follow-login').click()
  await expect(page.getByLabel('Code')).toBeVisible()
  expect(new URL(page.url()).origin).toBe(app.provider.issuer)
  await pickUser(page)
  await expect(page.getByTestId('signed-in')).toBeVisible()
  expect(new URL(page.url()).origin).toBe(app.origin)
  await expectCall(page, 'step-up', 200)
  const call = app.api.received.findLast(({ path }) => path === '/orders/step-up')
  expect(call?.claims).toMatchObject({ sub: 'alice', acr: demoAcr.double })
})

test('T13: a sign-in that is too old is made again, though the provider knows the user', async ({
  page,
  app,
}) => {
  await openSignedIn(page)
  const ask = () =>
    page.evaluate(async () => {
      const answer = await fetch('/api/remote/orders/step-up?max_age=1')
      return { status: answer.status, loginUrl: (await answer.json()).loginUrl as unknown }
    })
  await page.waitForTimeout(2500)
  const { status, loginUrl } = await ask()
  expect([status, loginUrl]).toEqual([401, '/bff/login?max_age=1'])
  const signedInAt = () => Number(app.api.received.at(-1)?.claims?.auth_time)
  const before = signedInAt()
  await page.goto(String(loginUrl))
  // Without `max_age` the provider would send the browser straight back.
  await expect(page.getByRole('heading', { name: 'Please confirm that it is you' })).toBeVisible()
  await pickUser(page)
  await expect(page.getByTestId('signed-in')).toBeVisible()
  await expectCall(page, 'orders', 200)
  expect(signedInAt()).toBeGreaterThan(before)
})
