import type { Dispatcher } from '../http/outgoing.ts'
import { free } from './passed-chunk.ts'
import type { AnswerSink } from './remote-request.ts'
import { PassingBody } from './request-body.ts'
import type { AnswerHeaders } from './response-headers.ts'
import type { Upstream } from './upstream.ts'
import { HeadTimeoutError } from './upstream-failure.ts'

type Controller = Dispatcher.DispatchController
type Connections = Pick<Upstream, 'take' | 'give' | 'wasReset'>

/** Who is told what becomes of an attempt. It answers each with `pass`, `hold` or `discard`, now or later. */
export interface AttemptOwner {
  readonly sink: AnswerSink
  /** Chunks are nobody else's, and may be freed when they are sent. */
  readonly freesChunks: boolean
  /** Idle time of either side, in milliseconds. */
  readonly idleTimeoutMs: number
  /** The final head arrived. */
  onHead(attempt: Attempt, status: number, headers: AnswerHeaders): void
  /** It failed before anything was passed on. `answering`: the API had begun to answer. */
  onFailure(error: Error, answering: boolean): void
  /** It failed while its answer was being passed on. */
  onBreak(error: unknown): void
  /** The whole answer is there, and is about to be handed to the sink. */
  onPassed(): void
}

// An answer that nobody wants is read to its end, which keeps the connection, but not for long.
const maxDiscardedBytes = 64 * 1024

// Up to here Node writes a string without another copy.
const maxStringBytes = 15 * 1024

const waiting = 0
const held = 1
const passing = 2
const discarding = 3
const over = 4

/**
 * One try at an upstream call: undici's handler, passing on what comes as it comes, with back-pressure.
 * A class, since one is made for every request and all must have one shape.
 */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly #owner: AttemptOwner
  readonly #upstream: Connections
  readonly #connection: Dispatcher
  /** Of the body, as far as it was passed on. */
  passedBytes = 0
  #state = waiting
  #isEnded = false
  #answering = false
  #controller: Controller | undefined
  /** Bytes of the body that are still to come, or -1 when that is not known. */
  #left = -1
  #discarded = 0
  #wroteBody = false
  #hasNoContent = false
  #isPaused = false
  /** Of the latest chunk. */
  #memory: ArrayBufferLike | undefined
  #stallTimer: NodeJS.Timeout | undefined
  #startedAt = 0
  #body: PassingBody | undefined
  /** Bytes of it that the API had taken when we last looked. */
  #takenBytes = 0
  #headTimer: NodeJS.Timeout | undefined
  // An answer without a body ends though it is held.
  #endedWhileHeld = false
  #failedWhileHeld: Error | undefined

  constructor(owner: AttemptOwner, upstream: Connections) {
    this.#owner = owner
    this.#upstream = upstream
    this.#connection = upstream.take()
  }

  send(request: Dispatcher.DispatchOptions): void {
    if (request.body instanceof PassingBody) this.#body = request.body
    this.#connection.dispatch(request, this)
  }

  /** Passes the answer on from here. The head must be written by now. */
  pass(contentLength: string | undefined): void {
    const wasHeld = this.#state === held
    this.#state = passing
    if (contentLength !== undefined) this.#left = Number(contentLength)
    // With a length the head can travel with the body; without one, events may be a long time coming.
    else process.nextTick(flushHead, this)
    if (!wasHeld) return
    if (this.#failedWhileHeld) this.#owner.onBreak(this.#failedWhileHeld)
    else if (this.#endedWhileHeld) this.#end()
    else this.#controller?.resume()
  }

  /** Stops the answer before its body, until `pass` or `discard`. */
  hold(): void {
    this.#state = held
    this.#controller?.pause()
  }

  /** Drops the answer. */
  discard(): void {
    const wasHeld = this.#state === held
    this.#state = discarding
    if (wasHeld && !this.#endedWhileHeld) this.#controller?.resume()
  }

  /** Cancels what is still under way: nothing is told to the owner any more. */
  abort(reason: string): void {
    if (this.#state === over) return
    this.#state = over
    this.#stopTimers()
    this.#controller?.abort(new Error(reason))
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    this.#startedAt = performance.now()
    // Cancelled while it waited for a connection.
    if (this.#state === over) controller.abort(new Error('cancelled'))
  }

  onRequestUpgrade(controller: Controller): void {
    controller.abort(new Error('no upgrade was asked for'))
  }

  onResponseStarted(): void {
    this.#answering = true
  }

  onResponseStart(_controller: Controller, status: number, headers: AnswerHeaders): void {
    // 1xx other than 101 are for the next hop only; browsers have no use for them.
    if (status < 200) return void this.#boundHead()
    clearTimeout(this.#headTimer)
    this.#hasNoContent = status === 205
    if (this.#state === waiting) this.#owner.onHead(this, status, headers)
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#state === passing) {
      this.#wroteBody = true
      if (this.#hasNoContent) {
        // RFC 9110 section 15.3.6: it would be read as the beginning of the next answer.
        this.#end()
        controller.abort(new Error('content on a 205'))
        return
      }
      this.passedBytes += chunk.length
      if (this.#left === chunk.length) this.#end(chunk)
      else {
        if (this.#left > 0) this.#left -= chunk.length
        if (!this.#write(chunk)) this.#pause(controller)
      }
    } else if (this.#state === discarding) {
      this.#discarded += chunk.length
      if (this.#discarded > maxDiscardedBytes) this.abort('discarded')
    }
  }

  onResponseEnd(): void {
    const isBroken = this.#left < 0 && this.#upstream.wasReset(this.#connection)
    this.#freeConnection()
    if (this.#state === passing && isBroken) this.#break(new Error('the API reset the connection'))
    else if (this.#state === passing) this.#end()
    else if (this.#state === held) this.#endedWhileHeld = true
    else this.#state = over
  }

  onResponseError(_controller: Controller, error: Error) {
    this.#freeConnection()
    clearTimeout(this.#headTimer)
    const state = this.#state
    if (state === held) {
      this.#failedWhileHeld = error
      return
    }
    if (state === passing) return this.#break(error)
    this.#state = over
    if (state === waiting) this.#owner.onFailure(error, this.#answering)
  }

  /** Flushes a head whose body keeps us waiting. */
  flushIfWaiting(): void {
    if (this.#state === passing && !this.#wroteBody) this.#owner.sink.flushHeaders()
  }

  #write(chunk: Buffer): boolean {
    const { sink, freesChunks } = this.#owner
    const before = this.#memory
    if (!freesChunks || before === chunk.buffer) return sink.write(chunk)
    this.#memory = chunk.buffer
    if (!before) return sink.write(chunk)
    // What was read before this chunk has all been passed on, and is sent before it is.
    return sink.write(chunk, (error) => error || free(before))
  }

  #end(lastChunk?: Buffer): void {
    this.#state = over
    this.#stopTimers()
    this.#owner.onPassed()
    try {
      endWith(this.#owner.sink, lastChunk)
    } catch (error) {
      // undici is done with the request, and would tell nobody.
      this.#owner.onBreak(error)
    }
  }

  #break(error: Error): void {
    this.#state = over
    this.#stopTimers()
    this.#owner.onBreak(error)
  }

  /**
   * undici begins its wait for the head anew at every interim answer, so from the first one on the clock is
   * ours (P31). It stands still while the API takes a body.
   */
  #boundHead(): void {
    if (this.#headTimer || this.#state !== waiting) return
    const { idleTimeoutMs } = this.#owner
    const left = Math.max(0, this.#startedAt + idleTimeoutMs - performance.now())
    this.#headTimer = setTimeout(() => this.#onHeadLate(), left)
  }

  #onHeadLate(): void {
    const takenBytes = this.#body?.takenBytes ?? 0
    if (takenBytes !== this.#takenBytes) {
      this.#takenBytes = takenBytes
      this.#headTimer = setTimeout(() => this.#onHeadLate(), this.#owner.idleTimeoutMs)
      return
    }
    this.abort('no answer but interim ones')
    this.#owner.onFailure(new HeadTimeoutError('no final head in time'), true)
  }

  /** An error may follow upon the end; undici is done with the request either way. */
  #freeConnection(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#upstream.give(this.#connection)
  }

  #pause(controller: Controller): void {
    controller.pause()
    this.#isPaused = true
    // A client that takes nothing would hold the API's connection for ever. One timer serves all pauses.
    if (this.#stallTimer) return void this.#stallTimer.refresh()
    this.#owner.sink.on('drain', () => {
      this.#isPaused = false
      if (this.#state === passing) controller.resume()
    })
    this.#stallTimer = setTimeout(() => {
      if (this.#state !== passing || !this.#isPaused) return
      this.abort('stalled')
      this.#owner.onBreak(new Error('the client does not take the answer'))
    }, this.#owner.idleTimeoutMs)
  }

  #stopTimers(): void {
    clearTimeout(this.#headTimer)
    if (this.#stallTimer === undefined) return
    clearTimeout(this.#stallTimer)
    this.#stallTimer = undefined
  }
}

function endWith(sink: AnswerSink, lastChunk: Buffer | undefined): void {
  if (!lastChunk) sink.end()
  // Head and body as one string are one plain write to the socket, half as dear as a gathering one.
  // Every byte is one character of Latin-1.
  else if (lastChunk.length <= maxStringBytes) sink.end(lastChunk.toString('latin1'), 'latin1')
  else sink.end(lastChunk)
}

function flushHead(attempt: Attempt): void {
  attempt.flushIfWaiting()
}
