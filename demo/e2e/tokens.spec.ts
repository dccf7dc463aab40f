import type { Page } from 'playwright/test'
import { demoApiResource } from '../../test/stand-ins/provider-config.ts'
import { tokenExchange } from '../../test/stand-ins/provider-exchange.ts'
import {
  type GuardedStack,
  reportsResource,
  startGuardedStack,
} from '../../test/support/guarded-stack.ts'
import {
  test as base,
  expect,
  expectCall,
  openSignedIn,
  signOut,
  type WorkerOptions,
} from './fixtures.ts'

const test = base.extend<object, WorkerOptions & { guarded: GuardedStack }>({
  guarded: [
    async ({ host }, use) => {
      const stack = await startGuardedStack(host)
      await use(stack)
      await stack.close()
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  app: [async ({ guarded }, use) => use(guarded), { scope: 'worker' }],
})

const remotes = ['orders', 'reports', 'exchanged', 'machine'] as const

/** As the page's scripts would, all at once. */
function callAll(page: Page): Promise<number[]> {
  return page.evaluate(
    (names) =>
      Promise.all(
        names.map(async (name) => (await fetch(`/api/remote/${name}/echo?from=${name}`)).status),
      ),
    [...remotes],
  )
}

/** The latest call of a remote, as its API saw it. */
function latest(guarded: GuardedStack, remote: (typeof remotes)[number]) {
  const { received } = remote === 'orders' ? guarded.api : guarded.reports
  const call = received.findLast(({ path }) => path.endsWith(`from=${remote}`))
  const { jkt } = (call?.claims?.cnf ?? {}) as { jkt?: string }
  return { claims: call?.claims, jkt, token: call?.headers.authorization }
}

test('T10, T11: with PAR, client assertions, DPoP nonces and resources at once, every call is bound', async ({
  page,
  guarded,
}) => {
  const { controls, counters } = guarded.provider
  controls.accessTokenSeconds = 3
  const pushed = counters.par
  await openSignedIn(page)
  expect(counters.par).toBeGreaterThan(pushed)
  await expectCall(page, 'orders', 200)
  expect(await callAll(page)).toEqual([200, 200, 200, 200])
  const first = remotes.map((remote) => latest(guarded, remote))

  controls.accessTokenSeconds = 300
  const grants = { ...counters.grants }
  await page.waitForTimeout(3200)
  expect(await callAll(page)).toEqual([200, 200, 200, 200])
  const second = remotes.map((remote) => latest(guarded, remote))

  // Refreshed, exchanged again, obtained again: each of them another token than before.
  for (const [index, { token }] of second.entries()) expect(token).not.toBe(first[index]?.token)
  for (const grant of ['refresh_token', tokenExchange, 'client_credentials']) {
    expect(counters.grants[grant]).toBeGreaterThan(grants[grant] ?? 0)
  }
  const [orders, reports, exchanged, machine] = second
  expect(second.map(({ claims }) => claims?.aud)).toEqual([
    demoApiResource,
    ...Array(3).fill(reportsResource),
  ])
  expect(second.map(({ claims }) => claims?.sub)).toEqual([
    ...Array(3).fill('alice'),
    guarded.provider.clientId,
  ])
  expect(reports?.claims?.scope).toBe('reports.read')
  expect(exchanged?.token).not.toBe(reports?.token)
  // One key for the session, another for the machine.
  expect(orders?.jkt).toBeTruthy()
  expect([reports?.jkt, exchanged?.jkt]).toEqual([orders?.jkt, orders?.jkt])
  expect(machine?.jkt).toBeTruthy()
  expect(machine?.jkt).not.toBe(orders?.jkt)

  const calls = [...guarded.api.received, ...guarded.reports.received]
  for (const { headers } of calls.filter(({ path }) => path.startsWith('/orders'))) {
    expect(headers.authorization).toMatch(/^DPoP /)
    expect(headers.dpop).toBeTruthy()
  }
  const proofs = calls.flatMap(({ headers }) => headers.dpop ?? [])
  expect(new Set(proofs).size).toBe(proofs.length)
})

test('O1, T8: the sign-out of a bound session revokes and leaves nothing', async ({
  page,
  guarded,
}) => {
  await openSignedIn(page)
  await expectCall(page, 'orders', 200)
  const before = { ...guarded.provider.counters }
  const lines = guarded.cloakroom().log().length
  await signOut(page)
  await expect(async () => {
    const revoked = guarded
      .cloakroom()
      .log()
      .slice(lines)
      .filter(({ event }) => event === 'token.revoked')
    expect(revoked.map(({ kind }) => kind)).toContain('refresh_token')
    expect(guarded.provider.counters.endSession).toBeGreaterThan(before.endSession)
    // The page is on its way to the provider and back: a call may fall between two documents.
    expect(await callAll(page)).toEqual([401, 401, 401, 200])
  }).toPass()
  expect(guarded.provider.counters.revocation).toBeGreaterThan(before.revocation)
})

test('S2: no bound token and no proof reaches the browser', async ({ page, guarded }) => {
  await openSignedIn(page)
  expect(await callAll(page)).toEqual([200, 200, 200, 200])
  const calls = [...guarded.api.received, ...guarded.reports.received]
  const secrets = calls.flatMap(({ headers: { authorization = '', dpop } }) =>
    [authorization.split(' ')[1], dpop].flatMap((it) => (typeof it === 'string' ? [it] : [])),
  )
  expect(secrets.length).toBeGreaterThanOrEqual(8)
  const received = guarded.received()
  expect(secrets.filter((secret) => received.includes(secret))).toEqual([])
})
