import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, it } from 'node:test'
import { startApp } from './support/app.ts'
import { liveMemory } from './support/live-memory.ts'
import { createMalformed } from './support/malformed.ts'
import { until } from './support/remote-fixture.ts'
import { createSeeded, type Seeded } from './support/seeded.ts'

// SOAK_SECONDS=600 for a long run; SOAK_SEED repeats one.
const seconds = Number(process.env.SOAK_SECONDS ?? 5)
const seed = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000)
const timeout = seconds * 1000 + 60_000
const clients = 8

/** Sends bytes in pieces and answers everything that came back until the connection ended, or for a moment. */
function send(port: number, text: string, random: Seeded): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const cuts = Array.from({ length: random.integer(3) }, () => random.integer(text.length)).sort(
    (a, b) => a - b,
  )
  let received = ''
  let sent = 0
  socket.on('error', () => undefined)
  socket.on('connect', () => {
    for (const cut of [...cuts, text.length]) {
      socket.write(text.slice(sent, cut), 'latin1')
      sent = cut
    }
    // Many of these wait for the rest of a request, and would for long.
    setTimeout(() => (random.once(2) ? socket.destroy() : socket.resetAndDestroy()), 60)
  })
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  return new Promise((resolve) => socket.on('close', () => resolve(received)))
}

it(`malformed traffic for ${seconds} s crashes nothing and is never our 5xx`, {
  timeout,
}, async (t) => {
  t.diagnostic(`SOAK_SEED=${seed}`)
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', note)
  after(() => process.off('unhandledRejection', note))
  const app = await startApp()
  t.after(() => app.close())
  const browser = app.browser()
  await browser.signInHere()
  const cookies = browser.jar.get('localhost') ?? new Map()
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const port = Number(new URL(app.host.address).port)

  const random = createSeeded(seed)
  const malformed = createMalformed(random, cookie)
  const statuses: Record<string, number> = {}
  const ours: { text: string; status: string }[] = []
  const surprises: unknown[] = []
  let requests = 0
  const converse = async (deadline: number) => {
    while (Date.now() < deadline) {
      requests += 1
      const text = malformed()
      const received = await send(port, text, random)
      for (const [, status = ''] of received.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
        statuses[status] = (statuses[status] ?? 0) + 1
        const isOurs = status.startsWith('5') && status !== '502' && status !== '504'
        if (isOurs) ours.push({ text: text.slice(0, 2000), status })
      }
      surprises.push(...app.log.events.filter(({ event }) => event === 'unexpected.error'))
      app.log.events.length = 0
      app.apiRequests.length = 0
    }
  }
  const load = async (milliseconds: number) => {
    const deadline = Date.now() + milliseconds
    await Promise.all(Array.from({ length: clients }, () => converse(deadline)))
    await until(() => app.bff.remote.inFlight === 0)
    return liveMemory()
  }
  const before = await load(seconds * 250)
  const grown = ((await load(seconds * 750)) - before) / 2 ** 20

  assert.ok(grown < 16, `what is held grew by ${grown.toFixed(1)} MB`)
  assert.deepEqual(ours, [])
  assert.deepEqual(surprises, [])
  assert.deepEqual(unhandled, [])
  assert.equal((await browser.call('/api/remote/api/good')).status, 200)
  assert.ok((await browser.user())?.sub, 'still signed in')
  assert.ok((statuses['400'] ?? 0) > 0 && (statuses['200'] ?? 0) > 0, JSON.stringify(statuses))
  t.diagnostic(`${requests} connections; answers ${JSON.stringify(statuses)}`)
  t.diagnostic(`memory held grew by ${grown.toFixed(1)} MB after the first quarter`)
})
