import { Readable } from 'node:stream'
import { sendOnce } from './passed-chunk.ts'
import type { WaitingBodies } from './waiting-bodies.ts'

/** Bodies up to this size are read whole first, and so can be sent again after a 401 (T12). */
const replayableBytes = 64 * 1024

/** How much of a larger body may wait in memory for the API to take it. */
const bufferedBytes = 256 * 1024

/** After an early answer the client may go on sending for so long; then its connection is broken. */
const restPatienceMs = 5000

/** A small body has so long in all, however steadily it drips. */
const smallBodyMs = 60_000

/** Why a body did not arrive whole. */
export class BodyError extends Error {
  readonly code: 'body_too_large' | 'request_timeout' | 'body_aborted'
  constructor(code: BodyError['code']) {
    super(code)
    this.code = code
  }
}

export interface BodyFacts {
  /** Infinite when nobody said. */
  readonly bytes: number
  readonly maxBytes: number
  readonly idleMs: number
  /** Chunks are nobody else's, and may be freed when they are sent. @default false */
  readonly freesChunks?: boolean
}

/** Told of a body. */
export interface BodyTaker {
  /** Its first bytes are there: false refuses the rest, and nothing more is told. */
  onBegun(): boolean
  /** Once: a body that passes, as soon as it has begun; a small one, whole; or why there is none. */
  onBody(body: Buffer | PassingBody | BodyError): void
}

/** Takes a request's body. Who only announces one makes nobody wait (P17). */
export function takeBody(
  source: Readable,
  facts: BodyFacts,
  taker: BodyTaker,
  { waiting }: { readonly waiting: WaitingBodies },
): void {
  if (facts.bytes <= replayableBytes) readSmallBody(source, facts, taker, waiting)
  else {
    new PassingBody(source, facts).whenBegun((body) => {
      if (body instanceof BodyError || taker.onBegun()) taker.onBody(body)
      else body.destroy()
    })
  }
}

/**
 * Reads a body of known, small size whole. When the client goes away before the end there is nobody left
 * to tell.
 */
function readSmallBody(
  source: Readable,
  { bytes, idleMs }: BodyFacts,
  taker: BodyTaker,
  waiting: WaitingBodies,
): void {
  const chunks: Buffer[] = []
  let received = 0
  let leave: (() => void) | undefined
  const idle = setTimeout(giveUp, idleMs)
  const total = setTimeout(giveUp, smallBodyMs)
  function stop(): void {
    clearTimeout(idle)
    clearTimeout(total)
    leave?.()
    source.off('data', onData).off('end', onEnd)
    chunks.length = 0
  }
  function giveUp(): void {
    stop()
    taker.onBody(new BodyError('request_timeout'))
  }
  function onData(chunk: Buffer): void {
    if (!leave) {
      if (!taker.onBegun()) {
        stop()
        return
      }
      leave = waiting.add(bytes, giveUp)
    }
    received += chunk.length
    if (received <= bytes) chunks.push(chunk)
    idle.refresh()
  }
  function onEnd(): void {
    const whole = received === bytes ? Buffer.concat(chunks) : new BodyError('body_aborted')
    stop()
    taker.onBody(whole)
  }
  source.on('data', onData)
  source.on('end', onEnd)
  source.on('close', stop)
  source.on('error', ignore)
}

/**
 * A body on its way, counted. It stands between the client's request and undici because undici destroys
 * what it was reading when the API answers early, and destroying the request would take the client's
 * connection, and the answer, with it.
 */
export class PassingBody extends Readable {
  readonly #source: Readable
  readonly #idleMs: number
  readonly #freesChunks: boolean
  #left: number
  #idle: NodeJS.Timeout | undefined
  #isPaused = true
  #received = 0
  #onBegun: ((body: PassingBody | BodyError) => void) | undefined

  constructor(source: Readable, limits: Omit<BodyFacts, 'bytes'>) {
    super({ highWaterMark: bufferedBytes })
    this.#source = source
    this.#left = limits.maxBytes
    this.#idleMs = limits.idleMs
    this.#freesChunks = limits.freesChunks ?? false
    source.pause()
    source.on('data', this.#onData)
    source.on('end', this.#onEnd)
    source.on('close', this.#onClose)
    source.on('error', ignore)
  }

  /** Calls back when the first bytes are there, or the end, or why neither will come. */
  whenBegun(done: (body: PassingBody | BodyError) => void): void {
    this.#onBegun = done
    this.on('error', ignore)
    this.read(0)
  }

  /** Bytes that somebody has taken out of it. */
  get takenBytes(): number {
    return this.#received - this.readableLength
  }

  #tell(outcome: PassingBody | BodyError): void {
    const done = this.#onBegun
    this.#onBegun = undefined
    done?.(outcome)
  }

  override _read(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (this.#idle) this.#idle.refresh()
    else this.#idle = setTimeout(this.#onIdle, this.#idleMs)
    this.#source.resume()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#idle)
    if (error instanceof BodyError && error.code !== 'body_aborted') this.#tell(error)
    this.#source.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
    callback(error)
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#left -= chunk.length
    this.#received += chunk.length
    if (this.#left < 0) this.destroy(new BodyError('body_too_large'))
    else {
      if (this.push(this.#freesChunks ? sendOnce(chunk) : chunk)) this.#idle?.refresh()
      else {
        this.#isPaused = true
        this.#source.pause()
      }
      this.#tell(this)
    }
  }

  readonly #onIdle = (): void => {
    // Only a client that is being listened to can be too slow; the next `_read` sets the clock again.
    if (!this.#isPaused) this.destroy(new BodyError('request_timeout'))
  }

  readonly #onEnd = (): void => {
    clearTimeout(this.#idle)
    this.push(null)
    this.#tell(this)
  }

  readonly #onClose = (): void => {
    if (!this.#source.readableEnded) this.destroy(new BodyError('body_aborted'))
  }
}

/**
 * Reads and drops what the client still sends, so that it gets to read the answer: closing a connection
 * with unread data resets it, and the answer may be lost with it.
 */
export function dropRest(source: Readable): void {
  if (source.readableEnded || source.destroyed) return
  const timer = setTimeout(() => source.destroy(), restPatienceMs)
  timer.unref()
  source.on('error', ignore)
  source.on('close', () => clearTimeout(timer))
  source.on('end', () => clearTimeout(timer))
  source.resume()
}

/** For errors that are told in another way as well. */
export function ignore(): void {}
