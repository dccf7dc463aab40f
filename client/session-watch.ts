import { type Bff, BffError, type SignedIn, UnavailableError } from './bff.ts'
import { listenToSession, type SessionEvent } from './session-events.ts'
import { browserSurroundings, type Surroundings } from './surroundings.ts'

/** What a page knows about its session. `unavailable` is not signed out: ask again later. */
export type SessionState =
  | { readonly status: 'loading' }
  | {
      readonly status: 'signed-in'
      readonly user: SignedIn
      /** Counts down every second; undefined when the server does not say. */
      readonly remainingSeconds: number | undefined
    }
  | {
      readonly status: 'anonymous'
      /** How the session that this page showed has gone; undefined when there was none. */
      readonly ended: 'expired' | 'elsewhere' | undefined
    }
  | {
      readonly status: 'unavailable'
      readonly error: UnavailableError
      /** The person who was signed in when we last knew. */
      readonly user: SignedIn | undefined
    }

export interface SessionWatchOptions {
  readonly bff: Bff
  /** Seconds between looks at the server while the page is visible. @default 60 */
  readonly pollSeconds?: number
  readonly surroundings?: Surroundings
}

/** In the shape that React's `useSyncExternalStore` wants, and any other framework can use. */
export interface SessionWatch {
  /** The first subscriber starts the watch, the last one to leave stops it. */
  subscribe(listener: () => void): () => void
  state(): SessionState
  /** Asks the server now, without extending the session. Never rejects. */
  refresh(): Promise<void>
}

const retrySeconds = 10
/** After a word of the server, which says something every 25 seconds. */
const liveMs = 70_000
/** Between looks while the server tells of changes by itself. */
const livePollSeconds = 600
const lookTimeoutMs = 15_000
/** Between two looks that nobody asked for: `focus` and `visibilitychange` come together. */
const restSeconds = 2

/**
 * Keeps one page's view of the session true: looks at start, every `pollSeconds`, when the page comes
 * back into view, when the time is up, after a call that was refused, and when another tab signs in or
 * out. Where the server has a stream of events, it tells of the rest by itself, and is asked every ten minutes. Only the first look counts as a use of the session; the rest leave the idle timer alone.
 */
export function createSessionWatch(options: SessionWatchOptions): SessionWatch {
  const { bff, pollSeconds = 60 } = options
  const surroundings = options.surroundings ?? browserSurroundings(bff.basePath)
  const listeners = new Set<() => void>()
  let state: SessionState = { status: 'loading' }
  let looked = { at: 0, expiresAt: undefined as number | undefined }
  let inFlight: Promise<void> | undefined
  let stop: (() => void) | undefined
  let stopEvents: (() => void) | undefined
  /** Until when the server is believed to tell of every change by itself. */
  let liveUntil = 0
  /** What the server said of the end of the session. */
  let endedBy: 'expired' | 'elsewhere' | undefined

  function set(next: SessionState) {
    const before = sessionName(state)
    state = next
    for (const listener of listeners) listener()
    const name = sessionName(next)
    if (name !== undefined && name !== before) surroundings.tell(name)
    listenWhileSignedIn()
  }

  /** One tab of the browser holds the connection, and tells the others what it hears. */
  function listenWhileSignedIn() {
    if (state.status === 'anonymous' || stop === undefined) {
      stopEvents?.()
      stopEvents = undefined
      liveUntil = 0
    } else if (state.status === 'signed-in' && surroundings.lead) {
      stopEvents ??= surroundings.lead((signal) => listenToSession({ bff, onEvent }, signal))
    }
  }

  function onEvent(event: SessionEvent) {
    surroundings.share(event)
    heard(event)
  }

  function heard(event: SessionEvent) {
    if (state.status === 'loading') return
    liveUntil = Date.now() + liveMs
    if (event.event === 'signed-out') void leave(event.reason)
    if (event.event === 'extended' || event.event === 'expiring') {
      looked.expiresAt = Date.now() + event.seconds * 1000
      tick()
    }
  }

  /** The server has said it. It is asked all the same: the person may have signed in anew. */
  async function leave(reason: string) {
    stopEvents?.()
    stopEvents = undefined
    endedBy = reason === 'expired' ? 'expired' : 'elsewhere'
    // A look that is under way may have been answered before.
    await inFlight
    await refresh()
    if (state.status === 'unavailable') set({ status: 'anonymous', ended: endedBy })
    endedBy = undefined
  }

  async function look(slide: boolean) {
    const shown = 'user' in state ? state.user : undefined
    const timeIsUp = looked.expiresAt !== undefined && looked.expiresAt <= Date.now()
    try {
      const user = await bff.user({ slide, signal: AbortSignal.timeout(lookTimeoutMs) })
      looked = { at: Date.now(), expiresAt: undefined }
      if (user.kind === 'anonymous') {
        const keep = state.status === 'anonymous' ? state.ended : undefined
        const ended = endedBy ?? (timeIsUp ? 'expired' : 'elsewhere')
        set({ status: 'anonymous', ended: shown ? ended : keep })
        return
      }
      const seconds = user.sessionExpiresIn
      if (seconds !== undefined) looked.expiresAt = Date.now() + seconds * 1000
      set({ status: 'signed-in', user, remainingSeconds: seconds })
    } catch (error) {
      looked = { at: Date.now(), expiresAt: looked.expiresAt }
      set({ status: 'unavailable', error: asUnavailable(error), user: shown })
    }
  }

  function refresh(slide = false): Promise<void> {
    inFlight ??= look(slide).finally(() => {
      inFlight = undefined
    })
    return inFlight
  }

  const idleFor = () => (Date.now() - looked.at) / 1000

  function tick() {
    if (!surroundings.visible()) return
    const remaining = remainingNow()
    if (state.status === 'signed-in' && remaining !== state.remainingSeconds) {
      set({ ...state, remainingSeconds: remaining })
    }
    const wait =
      state.status === 'unavailable'
        ? Math.max(restSeconds, state.error.retryAfterSeconds ?? retrySeconds)
        : Date.now() < liveUntil
          ? Math.max(pollSeconds, livePollSeconds)
          : pollSeconds
    if (idleFor() >= wait || (remaining === 0 && idleFor() >= restSeconds)) void refresh()
  }

  function remainingNow(): number | undefined {
    if (looked.expiresAt === undefined) return undefined
    return Math.max(0, Math.round((looked.expiresAt - Date.now()) / 1000))
  }

  function start() {
    const timer = setInterval(tick, 1000)
    const leave = [
      surroundings.onWake(() => {
        if (idleFor() >= restSeconds) void refresh()
      }),
      // What another tab says is a hint; the server is asked.
      surroundings.onTold((name) => {
        if (state.status !== 'loading' && name !== sessionName(state)) void refresh()
      }),
      surroundings.onShared((told) => heard(told as SessionEvent)),
      bff.onSignInNeeded((error) => {
        if (error.code !== 'step_up_required') void refresh()
      }),
      bff.onLogout(() => set({ status: 'anonymous', ended: undefined })),
    ]
    void refresh(true)
    return () => {
      clearInterval(timer)
      for (const each of leave) each()
      stopEvents?.()
      stopEvents = undefined
    }
  }

  return {
    subscribe(listener) {
      listeners.add(listener)
      stop ??= start()
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        stop?.()
        stop = undefined
      }
    },
    state: () => state,
    refresh: () => refresh(),
  }
}

/** What tabs compare: a new sign-in of the same person is another session. */
function sessionName(state: SessionState): string | undefined {
  if (state.status === 'anonymous') return 'anonymous'
  return state.status === 'signed-in' ? (state.user.logoutUrl ?? state.user.sub) : undefined
}

function asUnavailable(error: unknown): UnavailableError {
  if (error instanceof UnavailableError) return error
  const code = error instanceof BffError ? error.code : 'network'
  return new UnavailableError(code, 'The session could not be read.', { cause: error })
}
