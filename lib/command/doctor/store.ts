import { randomUUID } from 'node:crypto'
import { startFailure } from '../../hosts/start-failure.ts'
import { openStore } from '../../store/open-store.ts'
import { fail, type Look, ok } from './check.ts'

const places = {
  sqlite: 'BFF_SQLITE_FILE',
  redis: 'REDIS_URL',
  upstash: 'its URL and token',
  postgres: 'DATABASE_URL',
} as const

/** Reachable and writable, by a key of its own that is gone afterwards. */
export const storeLook: Look = {
  id: 'store',
  async look({ store, host, port }) {
    if (store.kind === 'memory') return ok('memory: sessions end with the process')
    const opened = await openStore(store).catch((cause: unknown) => {
      const failure = startFailure(cause, { store, host, port })
      if (!failure) throw cause
      return fail(`${failure.setting} ${failure.problem}`, failure.fix)
    })
    if ('status' in opened) return opened
    const key = `doctor:${randomUUID()}`
    try {
      const from = performance.now()
      await opened.create(key, 'x', 10_000)
      await opened.delete(key)
      return ok(`${store.kind}: written and read in ${(performance.now() - from).toFixed(1)} ms`)
    } catch {
      return fail(
        `${store.kind} does not answer, or refuses a write`,
        `check ${places[store.kind]}, and that it runs`,
      )
    } finally {
      await opened.close().catch(() => {})
    }
  },
}
