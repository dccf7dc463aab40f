import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { call, startInstances } from './support/instances.ts'
import { type SharedStore, sharedStores } from './support/shared-stores.ts'

const stores = new Map<string, () => Promise<Pick<SharedStore, 'env' | 'close'>>>([
  ...sharedStores,
  ['SQLite', startSqlite],
])

async function startSqlite() {
  return {
    env: {
      BFF_STORE: 'sqlite',
      BFF_SQLITE_FILE: join(tmpdir(), `events-${process.pid}-${Date.now()}.db`),
    },
    close: async () => {},
  }
}

for (const [kind, open] of stores) {
  describe(`O14: on ${kind}`, () => {
    test('a sign-out on one instance is told to the pages of the others', async (t) => {
      const { env, close } = await open()
      const instances = await startInstances({ env })
      t.after(async () => {
        await instances.close()
        await close()
      })
      const times: number[] = []
      for (let round = 0; round < 5; round += 1) {
        const browser = await instances.signIn()
        const cookies = [...(browser.jar.get('localhost') ?? [])].map(([k, v]) => `${k}=${v}`)
        const [on, ...others] = instances.all as [(typeof instances.all)[number]]
        const told = others.map(async ({ origin }) => {
          const asked = request(`${origin}/bff/events`, {
            headers: { 'x-csrf': '1', 'sec-fetch-site': 'same-origin', cookie: cookies.join('; ') },
          })
          asked.end()
          const [answer] = (await once(asked, 'response')) as [IncomingMessage]
          assert.equal(answer.statusCode, 200)
          let text = ''
          const end = (async () => {
            for await (const chunk of answer.setEncoding('utf8')) text += chunk
            return { text, at: performance.now() }
          })()
          return { end }
        })
        const open = await Promise.all(told)
        const from = performance.now()
        assert.equal((await call(on, browser, '/bff/logout', 'POST')).status, 200)
        for (const { end } of open) {
          const { text, at } = await end
          assert.match(text, /event: signed-out\ndata: \{"reason":"here"\}\n\n$/)
          times.push(at - from)
        }
      }
      times.sort((a, b) => a - b)
      const ms = (part: number) => times[Math.floor((times.length - 1) * part)]?.toFixed(0)
      t.diagnostic(`told after: median ${ms(0.5)} ms, latest ${ms(1)} ms`)
    })
  })
}
