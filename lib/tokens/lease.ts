import { randomUUID } from 'node:crypto'
import type { KeyValue } from '../store/key-value.ts'

export interface LeaseDeps {
  readonly store: KeyValue
  readonly leaseMs: number
  /** Called when a lease ran out or was taken while the work still went on. */
  readonly onLost: () => void
}

/**
 * Runs `work` while holding a lease that is renewed every third of its time, and releases it after. When
 * somebody else holds it, answers undefined without waiting. A process that dies holds it for no longer
 * than `leaseMs`.
 */
export async function underLease<T>(
  deps: LeaseDeps,
  key: string,
  work: () => Promise<T>,
): Promise<{ value: T } | undefined> {
  const owner = randomUUID()
  if (!(await deps.store.acquireLease(key, owner, deps.leaseMs))) return undefined
  let lost = false
  const renewal = setInterval(async () => {
    // A store that is away for a moment is asked again at the next turn.
    const held = await deps.store.renewLease(key, owner, deps.leaseMs).catch(() => true)
    if (held || lost) return
    lost = true
    deps.onLost()
  }, deps.leaseMs / 3)
  try {
    return { value: await work() }
  } finally {
    clearInterval(renewal)
    // Not released, it runs out by itself: no reason to fail what succeeded.
    if (!lost) await deps.store.releaseLease(key, owner).catch(() => undefined)
  }
}
