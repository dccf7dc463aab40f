import { useSyncExternalStore } from 'react'
import { bff } from './bff.ts'
import { createSessionWatch, type SessionState, type SessionWatch } from './session-watch.ts'

export type { SessionState } from './session-watch.ts'

/** One watch for a page, however many components look. Rests until one does; on a server none does. */
const pageWatch = createSessionWatch({ bff })
const loading: SessionState = { status: 'loading' }

/**
 * The session, live: `loading`, `signed-in` (with the person and the remaining seconds, counting
 * down), `anonymous` or `unavailable`. `refresh` asks the server without extending the session.
 * Pass a watch of your own for another base path or pace.
 */
export function useSession(
  watch: SessionWatch = pageWatch,
): SessionState & { refresh(): Promise<void> } {
  const state = useSyncExternalStore(watch.subscribe, watch.state, () => loading)
  return { ...state, refresh: watch.refresh }
}
