import type { Sessions } from '../session/sessions.ts'
import type { KeyValue } from '../store/key-value.ts'

export interface RefreshMarkDeps {
  readonly store: Pick<KeyValue, 'create' | 'delete'>
  readonly sessions: Pick<Sessions, 'readFresh'>
  readonly sleep: (ms: number) => Promise<void>
}

/** Longer than a token request and the wait for a store that is away, together. */
const markMs = 60_000
/** How long a process needs at most to find a store that is back, and to save what it holds. */
const graceMs = 2500

/**
 * Does `work`, a refresh by the holder of the session's lease, with a mark in the store from before its
 * beginning until after its end. Whoever finds a mark has got a lease that ran out unreleased: the one
 * before was killed, or was cut off from the store and may hold a new token that it cannot save. To ask
 * with the old one would end the session, so it gets a moment to save.
 */
export async function underMark<T>(
  deps: RefreshMarkDeps,
  sessionKey: string,
  work: () => Promise<T>,
): Promise<T> {
  const mark = `refreshing:${sessionKey}`
  if (!(await deps.store.create(mark, '', markMs))) await untilSaved(deps, sessionKey)
  try {
    return await work()
  } finally {
    await deps.store.delete(mark).catch(() => undefined)
  }
}

/** Any save will do: it brings the new refresh token, whichever access token it was made for. */
async function untilSaved({ sessions, sleep }: RefreshMarkDeps, sessionKey: string): Promise<void> {
  const giveUpAt = performance.now() + graceMs
  const found = await sessions.readFresh(sessionKey)
  while (performance.now() < giveUpAt) {
    const latest = await sessions.readFresh(sessionKey)
    if (!latest || latest.version !== found?.version) return
    await sleep(100)
  }
}
