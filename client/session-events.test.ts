import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listenToSession, type SessionEvent } from './session-events.ts'

const stream = (...blocks: string[]) =>
  new Response(blocks.join(''), { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })

/** Listens to a server that gives these answers, and then never another one. */
async function listen(answers: (() => Response | Promise<Response>)[], random = () => 0.5) {
  const events: SessionEvent[] = []
  const pauses: number[] = []
  const over = new AbortController()
  let asked = 0
  await listenToSession(
    {
      bff: {
        basePath: '/bff',
        async fetch() {
          const answer = answers[asked]
          asked += 1
          if (!answer) over.abort()
          return answer ? answer() : stream()
        },
      },
      onEvent: (event) => void events.push(event),
      random,
      sleep: async (ms) => void pauses.push(ms),
    },
    over.signal,
  )
  return { events, pauses, asked }
}

test('O14: events are read, wherever the bytes were cut', async () => {
  const text =
    'retry: 3000\n\nevent: extended\ndata: {"expiresIn":60}\n\n:\n\nevent: signed-out\ndata: {"reason":"provider"}\n\n'
  const bytes = new TextEncoder().encode(text)
  for (const size of [1, 7, 1000]) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let i = 0; i < bytes.length; i += size) controller.enqueue(bytes.slice(i, i + size))
        controller.close()
      },
    })
    const headers = { 'content-type': 'text/event-stream' }
    const { events, asked } = await listen([() => new Response(body, { headers })])
    assert.deepEqual(
      events.filter(({ event }) => event !== 'live'),
      [
        { event: 'extended', seconds: 60 },
        { event: 'signed-out', reason: 'provider' },
      ],
    )
    assert.equal(asked, 1)
  }
})

test('O14: where there are no events nobody asks again', async () => {
  const page = () => new Response('<html>', { headers: { 'content-type': 'text/html' } })
  for (const answer of [page, () => new Response(null, { status: 404 })]) {
    assert.equal((await listen([answer])).asked, 1)
  }
  const refused = () => {
    throw Object.assign(new Error('not signed in'), { name: 'SignInNeededError' })
  }
  assert.equal((await listen([refused])).asked, 1)
})

test('O14: a server that went away is not met by everybody at once when it comes back', async () => {
  const down = () => Promise.reject(new TypeError('fetch failed'))
  const busy = () => new Response(null, { status: 503 })
  const word = () => stream(':\n\n')
  const { pauses } = await listen([word, down, busy, down, down, down, down])
  assert.deepEqual(pauses, [2500, 4500, 8500, 16_500, 30_500, 30_500, 30_500])
  const spread = await Promise.all([0, 0.25, 0.999].map((it) => listen([word], () => it)))
  assert.deepEqual(
    spread.map((it) => Math.round(it.pauses[0] ?? 0)),
    [500, 1500, 4496],
  )
})
