import type { EndNotes, EndReason } from '../session/end-notes.ts'
import { secondsLeft } from '../session/seconds-left.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { StoreUnavailableError } from '../store/key-value.ts'

export interface EventStreamsDeps {
  readonly sessions: Pick<Sessions, 'read'>
  readonly endNotes: Pick<EndNotes, 'reasonOf'>
  readonly now: () => number
  readonly onError: (cause: unknown) => void
  /** Between two looks at a session, in milliseconds. */
  readonly everyMs: number
}

/** One open page, or one for all tabs of a browser. */
interface Stream {
  send(text: string): void
  close(): void
}

export type NotOpened = 'shutting_down' | 'too_many_requests'

/** All streams of one session: it is looked at once for all of them. */
interface Watched {
  readonly key: string
  readonly cookies: string
  readonly streams: Set<Stream>
  expiresAt: number
  secondsLeft: number
  isWarned: boolean
  isLooking: boolean
}

/** A browser needs one; more are windows that know nothing of each other. */
const mostOfSession = 20
/** A comment this often keeps what stands in between from closing the connection. */
const commentMs = 25_000
/** Pages are warned this long before their session ends, or at half of a shorter one. */
const warnSeconds = 60

/** The store's clock ends a session, and ours is to say so. */
const clockToleranceMs = 1500

const encoder = new TextEncoder()

/**
 * Streams of what happens to sessions (HTML, section 9.2, server-sent events). An open one is no use of its session. A
 * session is looked at as a call would, but without extending it: from memory, where the store vouches for it.
 */
export function createEventStreams(deps: EventStreamsDeps) {
  const { sessions, endNotes, now, everyMs } = deps
  const all = new Map<string, Watched>()
  let timer: NodeJS.Timeout | undefined
  let sinceComment = 0
  let isOver = false

  function send(watched: Watched, event: string, data: object): void {
    for (const stream of watched.streams) {
      stream.send(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    }
  }

  function forget(watched: Watched): void {
    if (all.get(watched.key) === watched) all.delete(watched.key)
    if (all.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  async function ended(watched: Watched): Promise<void> {
    const isExpired = now() + clockToleranceMs >= watched.expiresAt
    const reason: EndReason = isExpired ? 'expired' : await endNotes.reasonOf(watched.key)
    send(watched, 'signed-out', { reason })
    for (const stream of [...watched.streams]) stream.close()
    forget(watched)
  }

  /** What is another than at the last look. */
  function compare(watched: Watched, session: Session): void {
    const left = secondsLeft(session, now())
    if (session.expiresAt > watched.expiresAt) {
      watched.isWarned = false
      send(watched, 'extended', { expiresIn: left })
    } else if (!watched.isWarned && left <= warnAt(watched)) {
      watched.isWarned = true
      send(watched, 'expiring', { inSeconds: left })
    }
    watched.expiresAt = session.expiresAt
  }

  async function look(watched: Watched): Promise<void> {
    if (watched.isLooking) return
    watched.isLooking = true
    try {
      const read = await sessions.read(watched.cookies, 'peek')
      if (read.kind === 'none') await ended(watched)
      else compare(watched, read.session)
    } catch (cause) {
      // Nobody is signed out because the store cannot be asked.
      if (!(cause instanceof StoreUnavailableError)) deps.onError(cause)
    } finally {
      watched.isLooking = false
    }
  }

  function lookAtAll(): void {
    sinceComment += everyMs
    const isQuiet = sinceComment >= commentMs
    if (isQuiet) sinceComment = 0
    for (const watched of all.values()) {
      void look(watched)
      if (isQuiet) for (const stream of watched.streams) stream.send(':\n\n')
    }
  }

  return {
    /** How many are open. */
    get size() {
      let size = 0
      for (const { streams } of all.values()) size += streams.size
      return size
    },
    /** Of the session of these cookies. */
    open(session: Session, cookies: string): ReadableStream<Uint8Array> | NotOpened {
      const left = secondsLeft(session, now())
      const watched: Watched = all.get(session.key) ?? {
        ...{ key: session.key, cookies, streams: new Set(), expiresAt: session.expiresAt },
        ...{ secondsLeft: left, isWarned: false, isLooking: false },
      }
      if (isOver) return 'shutting_down'
      if (watched.streams.size >= mostOfSession) return 'too_many_requests'
      let stream: Stream
      const remove = () => {
        watched.streams.delete(stream)
        if (watched.streams.size === 0) forget(watched)
      }
      return new ReadableStream<Uint8Array>({
        start(controller) {
          stream = {
            send: (text) => controller.enqueue(encoder.encode(text)),
            close() {
              remove()
              controller.close()
            },
          }
          all.set(session.key, watched)
          watched.streams.add(stream)
          timer ??= setInterval(lookAtAll, everyMs).unref()
          stream.send(
            `retry: 3000\n\nevent: extended\ndata: ${JSON.stringify({ expiresIn: left })}\n\n`,
          )
        },
        cancel: () => remove(),
      })
    },
    /** A session was ended in this process: its pages need not wait. */
    sawEnd(key: string): void {
      const watched = all.get(key)
      if (watched) void look(watched)
    },
    /** Before a shutdown. Nobody is signed out by it: the pages come back elsewhere. */
    endAll(): void {
      isOver = true
      for (const { streams } of [...all.values()]) for (const it of [...streams]) it.close()
    },
  }
}

export type EventStreams = ReturnType<typeof createEventStreams>

function warnAt({ secondsLeft: atFirst }: Watched): number {
  return Math.min(warnSeconds, Math.floor(atFirst / 2))
}
