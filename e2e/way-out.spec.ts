import { type ScriptedProvider, startScriptedProvider } from '../test/support/scripted-provider.ts'
import { startCloakroom } from '../test/support/start-cloakroom.ts'
import { test as base, expect } from './fixtures.ts'

interface Odd {
  origin: string
  provider: ScriptedProvider
}

const test = base.extend<object, { odd: Odd }>({
  odd: [
    async ({ host }, use) => {
      const provider = await startScriptedProvider()
      const cloakroom = await startCloakroom({
        host,
        env: {
          OIDC_ISSUER: provider.issuer,
          OIDC_CLIENT_ID: provider.clientId,
          OIDC_CLIENT_SECRET: provider.clientSecret,
          DEMO_API_URL: 'http://127.0.0.1:9',
        },
      })
      await use({ origin: cloakroom.origin, provider })
      await cloakroom.stop()
      await provider.close()
    },
    { scope: 'worker', timeout: 90_000 },
  ],
})

/** How often a browser came. Cloakroom itself looks too, when it starts, and only without a person. */
function visits({ requests }: ScriptedProvider): number {
  const came = requests.filter(
    ({ name, params }) => name === 'authorize' && params.get('prompt') !== 'none',
  )
  return came.length
}

const changes: Record<string, (answer: URLSearchParams) => void> = {
  'no state': (answer) => answer.delete('state'),
  'half a state': (answer) => answer.set('state', (answer.get('state') ?? '').slice(0, 99)),
  'another state': (answer) => answer.set('state', 'another'),
  'two states': (answer) => answer.append('state', 'another'),
  'no code': (answer) => answer.delete('code'),
  'another code': (answer) => answer.set('code', 'another'),
  'no issuer': (answer) => answer.delete('iss'),
  'an error without a state': (answer) => {
    answer.set('error', 'server_error')
    answer.delete('state')
  },
  'an expired page, always': (answer) => {
    answer.set('error', 'temporarily_unavailable')
    answer.set('error_description', 'authentication_expired')
  },
}

for (const [what, change] of Object.entries(changes)) {
  test(`L20: a provider that answers with ${what} ends in a page`, async ({ page, odd }) => {
    const { provider, origin } = odd
    provider.override('authorize', async (_, usual) => {
      const answer = await usual()
      const location = new URL(answer.headers?.location ?? '')
      change(location.searchParams)
      return { ...answer, headers: { location: location.href } }
    })
    const before = visits(provider)
    const answer = await page.goto(`${origin}/bff/login?returnUrl=/orders/A-1002`)
    expect(answer?.status()).toBe(400)
    await expect(page.getByRole('link', { name: 'Sign in again' })).toBeVisible()
    expect(visits(provider) - before).toBeLessThanOrEqual(2)

    provider.override('authorize')
    await page.getByRole('link', { name: 'Sign in again' }).click()
    await expect(page).toHaveURL(new RegExp(`^${origin}/`))
    expect(await page.evaluate(() => fetch('/bff/user').then(({ status }) => status))).toBe(200)
  })
}

test('L20: an old address of the callback signs in, and does so once', async ({ page, odd }) => {
  const { provider, origin } = odd
  provider.override('authorize', async (_, usual) => {
    const answer = await usual()
    const location = new URL(answer.headers?.location ?? '')
    location.searchParams.delete('state')
    return { ...answer, headers: { location: location.href } }
  })
  const before = visits(provider)
  const answer = await page.goto(`${origin}/bff/callback?code=old&state=old`)
  expect(answer?.status()).toBe(400)
  expect(visits(provider) - before).toBe(1)
  provider.override('authorize')
})

test('L23: a form of another site signs in, and ends at its target', async ({ page, odd }) => {
  const { provider, origin } = odd
  const fields = { iss: provider.issuer, target_link_uri: `${origin}/orders/A-1002` }
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input name="${name}" value="${value}">`,
  )
  await page.setContent(
    `<form method="post" action="${origin}/bff/login">${inputs.join('')}<button>Go</button>`,
  )
  await page.getByRole('button', { name: 'Go' }).click()
  await expect(page).toHaveURL(`${origin}/orders/A-1002`)
  expect(await page.evaluate(() => fetch('/bff/user').then(({ status }) => status))).toBe(200)
})
