import type { Sessions } from '../session/sessions.ts'
import type { KeyValue } from '../store/key-value.ts'

/**
 * Which session took the place of which, for as long as a refresh of the old one may be under way. Its
 * end looks to that refresh like a sign-out, after which new tokens are revoked (T4); but they may hang
 * on the grant of the new session, which would end with them (L17).
 */
export interface ReplacedSessions {
  /** To be called before the old session is ended. */
  note(oldKey: string, newKey: string): Promise<void>
  /** Whether the same user goes on in the session that replaced it, or in one that replaced that. */
  livesOn(oldKey: string): Promise<boolean>
}

/** Longer than a token request and the wait for a store that is away, together. */
const markMs = 60_000

/** Everything rejects with StoreUnavailableError. */
export function createReplacedSessions(deps: {
  store: Pick<KeyValue, 'create' | 'getFresh'>
  sessions: Pick<Sessions, 'readFresh'>
}): ReplacedSessions {
  const markOf = (key: string) => `replaced:${key}`
  return {
    async note(oldKey, newKey) {
      await deps.store.create(markOf(oldKey), newKey, markMs)
    },
    async livesOn(oldKey) {
      let mark = await deps.store.getFresh(markOf(oldKey))
      while (mark) {
        if (await deps.sessions.readFresh(mark.value)) return true
        mark = await deps.store.getFresh(markOf(mark.value))
      }
      return false
    },
  }
}
