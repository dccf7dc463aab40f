import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type Adapter, type AdapterPayload, errors, type JWK } from 'oidc-provider'

interface Row {
  payload: AdapterPayload
  /** Epoch milliseconds. */
  expiresAt: number
}

/** What the demo provider remembers: in memory, and in a file when it shall survive a restart. */
export interface ProviderStore {
  adapter(model: string): Adapter
  /** The signing keys of an earlier run. */
  readonly keys: readonly JWK[] | undefined
  save(keys: readonly JWK[]): void
}

export function createProviderStore(options: { file?: string | undefined } = {}): ProviderStore {
  const saved = readState(options.file)
  const rows = new Map<string, Row>(saved?.rows)
  let writes = 0

  function sweep(): void {
    writes += 1
    if (writes % 1000 !== 0) return
    for (const [key, row] of rows) if (row.expiresAt <= Date.now()) rows.delete(key)
  }

  function revoke(grantId: string): void {
    for (const [key, row] of rows) if (row.payload.grantId === grantId) rows.delete(key)
  }

  function adapter(model: string): Adapter {
    const keyOf = (id: string) => `${model}:${id}`
    const read = (id: string): AdapterPayload | undefined => {
      const row = rows.get(keyOf(id))
      return row && row.expiresAt > Date.now() ? row.payload : undefined
    }

    return {
      async upsert(id, payload, expiresIn) {
        sweep()
        const expiresAt = expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000
        rows.set(keyOf(id), { payload, expiresAt })
      },
      async find(id) {
        return read(id)
      },
      async findByUid(uid) {
        for (const [key, row] of rows) {
          if (row.payload.uid === uid && key.startsWith(`${model}:`)) return row.payload
        }
      },
      async findByUserCode() {},
      // The provider looks and consumes in two steps. Two requests at the same moment would both pass
      // the look; the second one has to fail here, or reuse would go unseen.
      async consume(id) {
        const payload = read(id)
        if (!payload) throw new errors.InvalidGrant('not found')
        if (payload.consumed) {
          revoke(payload.grantId ?? '')
          throw new errors.InvalidGrant('already used')
        }
        payload.consumed = Math.floor(Date.now() / 1000)
      },
      async destroy(id) {
        rows.delete(keyOf(id))
      },
      async revokeByGrantId(grantId) {
        revoke(grantId)
      },
    }
  }

  return {
    adapter,
    keys: saved?.keys,
    save(keys) {
      if (!options.file) return
      const alive = [...rows].filter(([, row]) => row.expiresAt > Date.now())
      writeFileSync(options.file, JSON.stringify({ keys, rows: alive }), { mode: 0o600 })
      chmodSync(options.file, 0o600)
    },
  }
}

function readState(file: string | undefined): { keys: JWK[]; rows: [string, Row][] } | undefined {
  if (!file || !existsSync(file)) return
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // A half-written file of a demo is not worth a refused start.
    return undefined
  }
}
