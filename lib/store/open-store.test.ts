import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { StoreUnavailableError } from './key-value.ts'
import { openStore, type StoreLocation } from './open-store.ts'

const nobody = '127.0.0.1:1'

describe('open-store', () => {
  it('opens the store that is named', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'cloakroom-open-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const locations: StoreLocation[] = [
      { kind: 'memory' },
      { kind: 'sqlite', file: join(directory, 'store.db') },
      { kind: 'redis', urls: [`redis://${nobody}`] },
      { kind: 'upstash', url: `http://${nobody}`, token: 'token' },
      { kind: 'postgres', url: `postgres://${nobody}/app` },
    ]
    for (const location of locations) {
      const store = await openStore(location)
      assert.equal(store.kind, location.kind)
      await store.close()
    }
  })

  it('S8: a server that cannot be reached is an outage, reported once', async () => {
    for (const location of [
      { kind: 'redis', urls: [`redis://${nobody}`] },
      { kind: 'upstash', url: `http://${nobody}`, token: 'token' },
      { kind: 'postgres', url: `postgres://${nobody}/app` },
    ] as const) {
      const outages: unknown[] = []
      const store = await openStore(location, { onDown: ({ store }) => outages.push(store) })
      await assert.rejects(store.ping(), StoreUnavailableError)
      await assert.rejects(async () => store.get('a'), StoreUnavailableError)
      assert.deepEqual(outages, [location.kind])
      await store.close()
    }
  })

  it('loads nothing of the stores that are not used', () => {
    const source = `
      import { registerHooks } from 'node:module'
      const loaded = []
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
      const { openStore } = await import('${new URL('./open-store.ts', import.meta.url)}')
      await openStore({ kind: 'upstash', url: 'http://${nobody}', token: 'token' })
      console.log(JSON.stringify(loaded))`
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', source])
    const loaded: string[] = JSON.parse(output.toString())
    assert.ok(loaded.some((url) => url.includes('@upstash/redis')))
    const others = [
      'node:sqlite',
      'node_modules/redis/',
      '@redis/client',
      'store/sqlite',
      'modules/pg',
    ]
    for (const other of others) {
      assert.ok(!loaded.some((url) => url.includes(other)), `${other} was loaded`)
    }
  })
})
