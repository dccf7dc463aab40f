import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailableError } from './key-value.ts'

/** One established connection. Replies come in the order of the commands. */
export interface ServerWire {
  /** Rejects when the server refused the command, or when the connection broke. */
  send(args: readonly string[]): Promise<unknown>
  destroy(): void
}

export interface ServerWireEvents {
  /** Something arrived that is no reply: a sign of life like one. */
  onHeard(): void
  /** The connection broke. May be called more than once. */
  onLost(cause: unknown): void
}

export interface ServerLinkOptions {
  /** For messages. @default 'Redis' */
  readonly server?: string
  /** Connects, or rejects, at the latest when the signal fires. */
  dial(events: ServerWireEvents, signal: AbortSignal): Promise<ServerWire>
  /** What a rejection of `send` means: an answer of the server, or that this connection is of no use. */
  judge(error: unknown): 'refused' | 'useless'
  /** A connection ended: whatever was known through it is worth nothing from here on. */
  onLost(): void
  readonly commandTimeoutMs: number
  /** An idle connection is tried this often. @default 15000 */
  readonly heartbeatMs?: number
  /**
   * How long a connection may be silent before it is made anew, where a server that was gone for a while may have been
   * replaced by another one. Longer than a few heartbeats. @default for ever
   */
  readonly longestSilenceMs?: number
}

export interface ServerLink {
  /**
   * Sends one command. What the server refused is thrown as it is; everything else that goes wrong is
   * a StoreUnavailableError, after `commandTimeoutMs` at the latest.
   */
  send(args: readonly string[]): Promise<unknown>
  /** Gives the connection up: another server has its place. */
  drop(cause: unknown): void
  close(): void
}

/** Commands without an answer yet, after which another one fails at once instead of queueing. */
const maxUnderWay = 10_000
/** A connection that ended sooner than this counts as a failure, so that nothing reconnects in a tight loop. */
const settledAfterMs = 5_000
const longestBackOffMs = 2_000
/** So that a connection which died silently is found before a user does. */
const usualHeartbeatMs = 15_000

/**
 * Keeps one connection to a server (Redis, PostgreSQL), for ever. While there is none a command fails at once, except that
 * the first attempt after the start or a loss is waited for. A command whose deadline passes while
 * nothing at all is heard condemns the connection: a stopped server and a dead network look alike,
 * and TCP alone would take a quarter of an hour to notice.
 */
export function createServerLink(options: ServerLinkOptions): ServerLink {
  const { dial, judge, onLost, commandTimeoutMs, server = 'Redis' } = options
  const { heartbeatMs = usualHeartbeatMs, longestSilenceMs = Number.POSITIVE_INFINITY } = options
  let wire: ServerWire | undefined
  let firstAttempt: Promise<void> | undefined
  let openedAt = 0
  let heardAt = 0
  let failures = 0
  let lastCause: unknown = new Error('not connected yet')
  let trying = false
  let underWay = 0
  let closed = false
  const closing = new AbortController()

  async function keepTrying(): Promise<void> {
    if (trying) return
    trying = true
    while (!closed && !wire) {
      const attempt = failures === 0 ? connect() : pause().then(connect)
      if (failures === 0) firstAttempt = attempt
      await attempt
      firstAttempt = undefined
    }
    trying = false
  }

  async function connect(): Promise<void> {
    let opened: ServerWire | undefined
    if (closed) return
    try {
      const onLost = (cause: unknown) => opened && lose(opened, cause)
      opened = await dial({ onLost, onHeard }, closing.signal)
      if (closed) return opened.destroy()
      wire = opened
      openedAt = performance.now()
    } catch (cause) {
      lastCause = cause
      failures++
    }
  }

  async function pause(): Promise<void> {
    const longest = Math.min(25 * 2 ** failures, longestBackOffMs)
    const options = { ref: false, signal: closing.signal }
    await sleep(longest * (0.5 + Math.random() / 2), undefined, options).catch(() => {})
  }

  function lose(lost: ServerWire, cause: unknown): void {
    if (wire !== lost) return
    wire = undefined
    lastCause = cause
    failures = performance.now() - openedAt < settledAfterMs ? failures + 1 : 0
    onLost()
    lost.destroy()
    void keepTrying()
  }

  const silentFor = () => performance.now() - Math.max(heardAt, openedAt)

  /** What was silent may have been this process: then the answers lie there, and are read by the end of the turn. */
  async function renewIfSilent(used: ServerWire): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve))
    if (silentFor() > longestSilenceMs) renew(used, new LateError(server, silentFor()))
  }

  /** No failure: whoever asks now waits for the new connection. */
  function renew(used: ServerWire, cause: unknown): void {
    openedAt = Number.NEGATIVE_INFINITY
    lose(used, cause)
  }

  function onHeard(): void {
    heardAt = performance.now()
  }

  async function send(args: readonly string[]): Promise<unknown> {
    if (wire && silentFor() > longestSilenceMs) await renewIfSilent(wire)
    if (!wire && firstAttempt) await withDeadline(firstAttempt).catch(unavailable)
    const used = wire
    if (!used) throw new StoreUnavailableError(lastCause)
    if (underWay >= maxUnderWay) throw new StoreUnavailableError(new Error('too many commands'))
    const sentAt = performance.now()
    underWay++
    try {
      const reply = await withDeadline(used.send(args))
      onHeard()
      return reply
    } catch (error) {
      if (error instanceof LateError) {
        if (heardAt < sentAt) lose(used, error)
        throw new StoreUnavailableError(error)
      }
      if (judge(error) === 'refused') {
        onHeard()
        throw error
      }
      lose(used, error)
      throw new StoreUnavailableError(error)
    } finally {
      underWay--
    }
  }

  function withDeadline<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        // Timers run before sockets are read: after a long pause of this process the answer may lie
        // there already, and is not late. `setImmediate` comes after the reading.
        setImmediate(() => reject(new LateError(server, commandTimeoutMs)))
      }, commandTimeoutMs)
      promise.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }

  const heartbeat = setInterval(() => {
    if (wire) send(['PING']).catch(() => {})
  }, heartbeatMs).unref()

  void keepTrying()

  return {
    send,
    drop: (cause) => wire && renew(wire, cause),
    close() {
      closed = true
      clearInterval(heartbeat)
      closing.abort()
      lastCause = new Error('the store is closed')
      wire?.destroy()
      wire = undefined
      onLost()
    },
  }
}

function unavailable(cause: unknown): never {
  throw new StoreUnavailableError(cause)
}

class LateError extends Error {
  constructor(server: string, ms: number) {
    super(`${server} did not answer within ${ms} ms`)
    this.name = 'LateError'
  }
}
