import { request } from 'node:http'
import { cookiesOf } from '../../test/support/cookie-names.ts'
import { type DemoStack, startDemoStack } from '../../test/support/demo-stack.ts'
import { test as base, expect, expectCall, pickUser, signOut } from './fixtures.ts'
import { startTlsTerminator, type TlsTerminator } from './tls-terminator.ts'

interface Secure {
  origin: string
  sibling: string
  stack: DemoStack
}

const test = base.extend<object, { secure: Secure }>({
  secure: [
    async ({ host }, use) => {
      const terminator: TlsTerminator = await startTlsTerminator()
      const origin = `https://app.cloak.localhost:${terminator.port}`
      const stack = await startDemoStack({
        host,
        provider: { publicOrigins: [origin] },
        env: { BFF_BASE_URL: origin, BFF_TRUST_PROXY: '127.0.0.1/32' },
      })
      terminator.target = stack.cloakroom().port
      await use({ origin, sibling: origin.replace('app.', 'sibling.'), stack })
      await terminator.close()
      await stack.close()
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  ignoreHTTPSErrors: true,
})

test('behind a TLS terminator the whole flow works, with the strictest of cookies', async ({
  page,
  context,
  secure,
}) => {
  const { origin } = secure
  const { ticket } = cookiesOf(origin)
  const flags: string[] = []
  page.on('response', async (response) => {
    if (!response.url().startsWith(origin)) return
    const headers = await response.headersArray().catch(() => [])
    for (const { name, value } of headers) {
      if (name.toLowerCase() === 'set-cookie') flags.push(value)
    }
  })
  await page.goto(`${origin}/account`)
  await pickUser(page)
  await expect(page.getByTestId('account-page')).toBeVisible()
  expect(await page.evaluate(() => document.cookie)).toBe('')
  const kept = (await context.cookies(origin)).filter(({ name }) => !name.startsWith('_demo_idp'))
  expect(kept).toHaveLength(1)
  expect(kept[0]).toMatchObject({
    name: ticket,
    domain: 'app.cloak.localhost',
    path: '/',
    httpOnly: true,
    secure: true,
    sameSite: 'Strict',
  })
  await page.goto(origin)
  await expectCall(page, 'orders', 200)
  await signOut(page)
  // The page says so at once; the last cookie goes with the way to the provider.
  await expect.poll(() => context.cookies(origin)).toEqual([])

  expect(flags.length).toBeGreaterThanOrEqual(4)
  for (const flag of flags) {
    expect(flag).toMatch(/^__Host-Http-bff-\d+(-tx\.[\w.-]+|-out)?=/)
    expect(flag).toMatch(/; Path=\/; HttpOnly; SameSite=(Strict|Lax); Secure/)
    expect(flag).not.toMatch(/domain/i)
  }
})

test('a ticket planted by a script or by a sibling host is refused', async ({
  page,
  context,
  secure,
}) => {
  const { ticket } = cookiesOf(secure.origin)
  const planted = `${ticket}=planted; Secure; Path=/`
  await page.goto(secure.origin)
  await page.evaluate(
    (cookies) => {
      // biome-ignore lint/suspicious/noDocumentCookie: this is the attack
      for (const cookie of cookies) document.cookie = cookie
    },
    [planted, 'other=planted; Secure; Path=/'],
  )
  await page.goto(secure.sibling)
  await page.evaluate((cookie) => {
    for (const domain of ['cloak.localhost', 'app.cloak.localhost']) {
      // biome-ignore lint/suspicious/noDocumentCookie: this is the attack
      document.cookie = `${cookie}; Domain=${domain}`
    }
  }, planted)
  const names = (await context.cookies(secure.origin)).map(({ name }) => name)
  expect(names, 'a cookie without the prefix can be planted').toContain('other')
  expect(names).not.toContain(ticket)
  await page.goto(secure.origin)
  await expect(page.getByTestId('signed-out')).toBeVisible()
})

test('forwarded headers are believed only from the trusted address', async ({
  page,
  host,
  secure,
}) => {
  await page.goto(secure.origin)
  const through = await page.evaluate(async () => {
    const headers = { 'X-CSRF': '1', 'X-Forwarded-For': '198.51.100.66' }
    return (await fetch('/api/remote/news', { headers })).json()
  })
  // The Next host does not see who connects, and so believes nobody.
  const seen = received(through)['x-forwarded-for'] ?? ''
  if (host === 'node') expect(seen).toMatch(/^203\.0\.113\.7\b/)
  else expect(seen).not.toContain('203.0.113.7')
  expect(received(through)['x-forwarded-proto']).toBe('https')
  const direct = await callFrom('127.0.0.2', secure.stack.cloakroom().port)
  expect(received(direct)['x-forwarded-for'] ?? '').not.toContain('203.0.113.7')
  expect(received(direct)['x-forwarded-host']).toBe(new URL(secure.origin).host)
})

interface Answer {
  received: { headers: Record<string, string> }
}
const received = (answer: unknown) => (answer as Answer).received.headers

/** From another address of this machine, past the terminator, claiming to be somebody else. */
async function callFrom(localAddress: string, port: number): Promise<unknown> {
  const headers = {
    'x-csrf': '1',
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-host': 'evil.example',
  }
  return new Promise((resolve, reject) => {
    const call = request({
      host: '127.0.0.1',
      port,
      path: '/api/remote/news',
      localAddress,
      headers,
    })
    call.on('error', reject)
    call.on('response', async (response) => {
      let body = ''
      for await (const chunk of response) body += chunk
      resolve(JSON.parse(body))
    })
    call.end()
  })
}
