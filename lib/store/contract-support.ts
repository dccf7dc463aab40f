import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KeyValue } from './key-value.ts'

/** What the suite needs of one implementation: an empty store, and time that it can let pass. */
export interface StoreUnderTest {
  readonly store: KeyValue
  /** A second handle on the same data, as another instance holds it. A memory store has none. */
  readonly peer?: KeyValue
  /** False where every read asks the server, so that no object is answered twice. @default true */
  readonly remembers?: boolean
  /** Moves the store's clock: a fake one at once, a server's by waiting. */
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

export const minute = 60_000
/** Short enough to wait for where the clock is real. */
export const moment = 40

/** Waits, with the real clock, for what another party does in its own time. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (const giveUpAt = Date.now() + 10_000; ; await sleep(2)) {
    if (await holds()) return
    assert.ok(Date.now() < giveUpAt, 'it did not come to hold within 10 s')
  }
}

/** Waits until there is nothing to be seen any more. */
export const gone = (look: () => unknown): Promise<void> =>
  eventually(async () => (await look()) === undefined)
