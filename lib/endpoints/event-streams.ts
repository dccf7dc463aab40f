import type { EndNotes, EndReason } from '../session/end-notes.ts'
import { secondsLeft } from '../session/seconds-left.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { StoreUnavailableError } from '../store/key-value.ts'

export interface EventStreamsDeps {
  readonly sessions: Pick<Sessions, 'peek'>
  readonly endNotes: Pick<EndNotes, 'reasonOf'>
  readonly now: () => number
  readonly onError: (cause: unknown) => void
  /** Between two looks at a session, in milliseconds; twice that where there are many. */
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
  /** When it is its turn to be looked at. */
  readonly turn: number
  readonly streams: Set<Stream>
  version: number
  /** Idle expiry, as it was last read. */
  expiresAt: number
  readonly absoluteAt: number
  /** When the session ends if it is not used again. */
  endsAt: number
  secondsAtFirst: number
  isWarned: boolean
  isLooking: boolean
}

/** A browser needs one; more are windows that know nothing of each other. */
const mostOfSession = 20
/** In how many parts they are looked at, two of them at a time. */
const turns = 20
/** With more sessions than this each is looked at half as often. */
const many = 2000
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
  let turn = 0
  let opened = 0
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
    const isExpired = now() + clockToleranceMs >= Math.min(watched.expiresAt, watched.absoluteAt)
    const reason: EndReason = isExpired ? 'expired' : await endNotes.reasonOf(watched.key)
    send(watched, 'signed-out', { reason })
    for (const stream of [...watched.streams]) stream.close()
    forget(watched)
  }

  /** It was used, or refreshed. */
  function changed(watched: Watched, session: Session): void {
    const left = secondsLeft(session, now())
    const isExtended = session.expiresAt > watched.expiresAt
    watched.version = session.version
    watched.expiresAt = session.expiresAt
    watched.endsAt = now() + left * 1000
    if (!isExtended) return
    watched.isWarned = false
    send(watched, 'extended', { expiresIn: left })
  }

  /** Answers what there is to wait for. */
  function seen(watched: Watched, found: Session | 'unchanged' | undefined): unknown {
    if (found === undefined) return ended(watched)
    if (found !== 'unchanged') changed(watched, found)
    const left = Math.floor((watched.endsAt - now()) / 1000)
    // The absolute end is ours to see; the idle one is the store's.
    if (now() >= watched.absoluteAt) return ended(watched)
    if (!watched.isWarned && left <= warnAt(watched)) {
      watched.isWarned = true
      send(watched, 'expiring', { inSeconds: Math.max(0, left) })
    }
  }

  function look(watched: Watched): void {
    if (watched.isLooking) return
    watched.isLooking = true
    const over = () => {
      watched.isLooking = false
    }
    try {
      const found = sessions.peek(watched.key, watched)
      // Most are answered from memory: they cost no promise.
      if (found && !(found instanceof Promise)) {
        seen(watched, found)
        over()
      } else {
        const done = Promise.resolve(found).then((it) => seen(watched, it))
        void done.catch(failed).finally(over)
      }
    } catch (cause) {
      failed(cause)
      over()
    }
  }

  /** Nobody is signed out because the store cannot be asked. */
  function failed(cause: unknown): void {
    if (!(cause instanceof StoreUnavailableError)) deps.onError(cause)
  }

  /** A part of them at a time, so that nobody waits for the look at all. */
  function lookAtSome(): void {
    turn = (turn + 1) % turns
    sinceComment += (2 * everyMs) / turns
    const isQuiet = sinceComment >= commentMs
    if (isQuiet) sinceComment = 0
    const other = all.size > many ? turn : (turn + turns / 2) % turns
    for (const watched of all.values()) {
      if (watched.turn === turn || watched.turn === other) look(watched)
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
    /** Of a session that was just read. */
    open(session: Session): ReadableStream<Uint8Array> | NotOpened {
      const left = secondsLeft(session, now())
      const watched: Watched = all.get(session.key) ?? {
        ...{ key: session.key, turn: opened++ % turns, streams: new Set() },
        absoluteAt: session.record.absoluteAt,
        ...{ version: session.version, expiresAt: session.expiresAt },
        ...{ endsAt: now() + left * 1000, secondsAtFirst: left },
        ...{ isWarned: false, isLooking: false },
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
          timer ??= setInterval(lookAtSome, (2 * everyMs) / turns).unref()
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
      if (watched) look(watched)
    },
    /** Before a shutdown. Nobody is signed out by it: the pages come back elsewhere. */
    endAll(): void {
      isOver = true
      for (const { streams } of [...all.values()]) for (const it of [...streams]) it.close()
    },
  }
}

export type EventStreams = ReturnType<typeof createEventStreams>

function warnAt({ secondsAtFirst: atFirst }: Watched): number {
  return Math.min(warnSeconds, Math.floor(atFirst / 2))
}
