import assert from 'node:assert/strict'
import { afterEach, describe, mock, test } from 'node:test'
import { anonymous, closeTabs, openBrowser, signedIn } from '../test/support/tabs.ts'
import { UnavailableError } from './bff-error.ts'

/** Lets promises that are ready run on. */
async function settle() {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

async function pass(seconds: number) {
  for (let i = 0; i < seconds; i++) {
    mock.timers.tick(1000)
    await settle()
  }
}

afterEach(closeTabs)

describe('the session watch, with a stream of events', () => {
  /** A server that says what the test says, to whoever is connected. */
  function openStream() {
    const open = new Set<ReadableStreamDefaultController<Uint8Array>>()
    let connections = 0
    const say = (event: string, data: object) => {
      const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
      for (const each of open) each.enqueue(new TextEncoder().encode(text))
    }
    const cut = () => {
      for (const each of open) each.close()
      open.clear()
    }
    const answer = () => {
      connections += 1
      let own: ReadableStreamDefaultController<Uint8Array>
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          own = controller
          open.add(own)
          say('extended', { expiresIn: 1800 })
        },
        cancel: () => void open.delete(own),
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    }
    return { say, cut, answer, open, connections: () => connections }
  }
  const real = () => new Promise((resolve) => setTimeout(resolve, 20))

  test('O14: ten tabs hold one connection, and all are empty when the server says so', async () => {
    const stream = openStream()
    const { openTab, server } = openBrowser(signedIn(1800), stream.answer)
    const tabs = Array.from({ length: 10 }, openTab)
    await real()
    assert.equal(stream.connections(), 1)
    // A use in one of them sets the clocks of all.
    stream.say('extended', { expiresIn: 900 })
    await real()
    for (const { watch } of tabs) {
      const state = watch.state()
      assert.equal(state.status === 'signed-in' && state.remainingSeconds, 900)
    }
    server.answer = anonymous
    stream.say('signed-out', { reason: 'elsewhere' })
    await real()
    for (const { watch } of tabs) {
      assert.deepEqual(watch.state(), { status: 'anonymous', ended: 'elsewhere' })
    }
  })

  test('O14: another tab takes over when the one that listens goes', async () => {
    const stream = openStream()
    const { openTab, server } = openBrowser(signedIn(1800), stream.answer)
    const [one, two] = [openTab(), openTab()]
    await real()
    one.close()
    await real()
    assert.equal(stream.connections(), 2)
    server.answer = anonymous
    stream.say('signed-out', { reason: 'expired' })
    await real()
    assert.deepEqual(two.watch.state(), { status: 'anonymous', ended: 'expired' })
  })

  test('O14: what the server said holds when nobody can be asked', async () => {
    const stream = openStream()
    const { openTab, server } = openBrowser(signedIn(1800), stream.answer)
    const { watch } = openTab()
    await real()
    server.answer = new UnavailableError('network', '')
    stream.say('signed-out', { reason: 'provider' })
    await real()
    assert.deepEqual(watch.state(), { status: 'anonymous', ended: 'elsewhere' })
  })

  test('O14: whoever signed in anew goes on, with a connection of the new session', async () => {
    const stream = openStream()
    const { openTab, server } = openBrowser(signedIn(1800), stream.answer)
    const { watch } = openTab()
    await real()
    server.answer = signedIn(1700, 's2')
    stream.say('signed-out', { reason: 'here' })
    await real()
    assert.equal(watch.state().status, 'signed-in')
    assert.equal(stream.connections(), 2)
  })

  test('O14: while it is told of changes a page asks every ten minutes, and without every minute', async (t) => {
    mock.timers.enable({ apis: ['setInterval', 'Date'], now: 1_000_000 })
    t.after(() => mock.timers.reset())
    for (const [events, looks] of [
      [openStream().answer, 1],
      [() => new Response(null, { status: 404 }), 2],
      [undefined, 2],
    ] as const) {
      const { openTab, server } = openBrowser(signedIn(1800), events)
      const { close } = openTab()
      await real()
      await pass(61)
      assert.equal(server.looks.length, looks)
      close()
    }
  })
})
