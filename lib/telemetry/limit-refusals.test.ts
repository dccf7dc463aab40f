import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRefusalLimit } from './limit-refusals.ts'
import type { Log } from './log.ts'

const route = '/bff/user'
const code = 'csrf_check_failed'

function limited() {
  let at = 0
  const told: { client?: string | undefined; suppressed?: number }[] = []
  const log: Log = { event: (_event, fields) => told.push(fields as (typeof told)[number]) }
  const limit = createRefusalLimit(log, () => at)
  const refuse = (client: string, times = 1) => {
    for (let i = 0; i < times; i += 1) {
      limit.event('request.refused', { requestId: `r${i}`, code, route, client })
    }
  }
  return { told, refuse, advance: (ms: number) => (at += ms) }
}

test('A5: the end of a flood is counted though nothing comes after it', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { told, refuse, advance } = limited()
  refuse('192.0.2.1', 25)
  assert.equal(told.length, 10)
  advance(60_000)
  t.mock.timers.tick(60_000)
  assert.deepEqual(told.at(-1), {
    requestId: 'r24',
    code,
    route,
    client: '192.0.2.1',
    suppressed: 15,
  })
  advance(60_000)
  t.mock.timers.tick(60_000)
  assert.equal(told.length, 11)
})

test('A5: a network of IPv6 is one client, and many clients are no way around it', () => {
  const { told, refuse } = limited()
  for (let i = 1; i < 100; i += 1) refuse(`2001:db8::${i}`)
  assert.equal(told.length, 10)
  for (let i = 0; i < 10_000; i += 1) refuse(`10.0.${i >> 8}.${i & 255}`)
  assert.ok(told.length < 100, `${told.length}`)
})
