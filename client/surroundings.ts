/** What a session watch needs of the page and of the other tabs; tests pass their own. */
export interface Surroundings {
  visible(): boolean
  /** Calls back when the person comes back to this page: focus, tab switch, the Back button. */
  onWake(listener: () => void): () => void
  /** Tells the other tabs which session this one sees. */
  tell(session: string): void
  onTold(listener: (session: string) => void): () => void
  /** Tells the other tabs what the server has told this one. */
  share(told: unknown): void
  onShared(listener: (told: unknown) => void): () => void
  /**
   * Runs `task` in one tab of the browser at a time, and in the next one when that has gone. Undefined where browsers
   * cannot agree on one (no Web Locks).
   */
  lead?: ((task: (signal: AbortSignal) => Promise<void>) => () => void) | undefined
}

/** The browser's. Opens its channel when the first listener comes, so that importing it is free. */
export function browserSurroundings(basePath: string): Surroundings {
  let channel: BroadcastChannel | undefined
  const told = new Set<(session: string) => void>()
  const shared = new Set<(told: unknown) => void>()

  function listen<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
    listeners.add(listener)
    channel ??= openChannel()
    return () => {
      listeners.delete(listener)
      if (told.size + shared.size > 0) return
      channel?.close()
      channel = undefined
    }
  }

  function openChannel(): BroadcastChannel {
    const opened = new BroadcastChannel(`bff-session:${basePath}`)
    opened.onmessage = ({ data }: MessageEvent<unknown>) => {
      const { source, session, event } = (data ?? {}) as Partial<Record<string, unknown>>
      if (source !== 'bff-session') return
      if (typeof session === 'string') for (const listener of told) listener(session)
      if (event !== undefined) for (const listener of shared) listener(event)
    }
    return opened
  }

  return {
    visible: () => document.visibilityState === 'visible',
    onWake(listener) {
      const wake = () => {
        if (document.visibilityState === 'visible') listener()
      }
      document.addEventListener('visibilitychange', wake)
      window.addEventListener('focus', wake)
      // A page that the Back button brings out of the cache shows what it showed before a sign-out.
      window.addEventListener('pageshow', wake)
      return () => {
        document.removeEventListener('visibilitychange', wake)
        window.removeEventListener('focus', wake)
        window.removeEventListener('pageshow', wake)
      }
    },
    tell(session) {
      channel?.postMessage({ source: 'bff-session', session })
    },
    onTold: (listener) => listen(told, listener),
    share(event) {
      channel?.postMessage({ source: 'bff-session', event })
    },
    onShared: (listener) => listen(shared, listener),
    lead: leaderOf(`bff-events:${basePath}`),
  }
}

function leaderOf(name: string): Surroundings['lead'] {
  // Insecure contexts and older browsers have none.
  if (typeof navigator === 'undefined' || !navigator.locks) return undefined
  return (task) => {
    const over = new AbortController()
    const { signal } = over
    navigator.locks
      .request(name, { signal }, () => task(signal))
      .catch(() => {
        // Given up while it waited for its turn.
      })
    return () => over.abort()
  }
}
