/** What a session watch needs of the page and of the other tabs; tests pass their own. */
export interface Surroundings {
  visible(): boolean
  /** Calls back when the person comes back to this page: focus, tab switch, the Back button. */
  onWake(listener: () => void): () => void
  /** Tells the other tabs which session this one sees. */
  tell(session: string): void
  onTold(listener: (session: string) => void): () => void
}

/** The browser's. Opens its channel when the first listener comes, so that importing it is free. */
export function browserSurroundings(basePath: string): Surroundings {
  let channel: BroadcastChannel | undefined
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
    onTold(listener) {
      channel = new BroadcastChannel(`bff-session:${basePath}`)
      channel.onmessage = ({ data }: MessageEvent<unknown>) => {
        const { source, session } = (data ?? {}) as { source?: unknown; session?: unknown }
        if (source === 'bff-session' && typeof session === 'string') listener(session)
      }
      return () => {
        channel?.close()
        channel = undefined
      }
    },
  }
}
