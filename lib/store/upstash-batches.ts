import { StoreUnavailableError } from './key-value.ts'

/** What is needed of the client's pipeline. */
export interface PipelineLike {
  ping(): unknown
  length(): number
  exec(options: { keepErrors: true }): Promise<Reply[]>
}

/** One command's answer: exactly one of the two. */
export interface Reply {
  readonly result?: unknown
  readonly error?: string | undefined
}

/** `once`: a second time would be answered differently, as "somebody else has done it". */
export type Repeat = 'once' | 'again'

/** Sends one command, together with the others of the same turn. */
export type Send<P> = (repeat: Repeat, add: (pipeline: P) => unknown) => Promise<Reply>

export interface BatchesOptions<P> {
  newPipeline(): P
  /** A connection that was idle for so long is tried with a PING before commands that go `once`. */
  readonly idleMs: number
}

interface Batch<P> {
  readonly pipeline: P
  readonly replies: Promise<Reply[]>
  repeat: Repeat
}

/** Commands of one request at most. */
const maxCommands = 100

/**
 * Gathers the commands of one turn of the event loop into one request. (The client's own automatic
 * pipelines keep reads and writes apart, which makes two requests of a read and a touch.)
 *
 * On a host that freezes between requests, kept-alive connections die unnoticed, and the next request
 * fails. A request that may be repeated is, once. One that may not is preceded by a PING when the
 * connection was idle: so it is never the one to find out.
 */
export function createBatches<P extends PipelineLike>(options: BatchesOptions<P>): Send<P> {
  const { newPipeline, idleMs } = options
  let open: Batch<P> | undefined
  let answeredAt = Number.NEGATIVE_INFINITY

  function begin(): Batch<P> {
    const pipeline = newPipeline()
    const batch: Batch<P> = { pipeline, repeat: 'again', replies: turn().then(() => flush(batch)) }
    open = batch
    return batch
  }

  async function flush(batch: Batch<P>): Promise<Reply[]> {
    if (open === batch) open = undefined
    try {
      if (batch.repeat === 'again') return await execTwice(batch.pipeline)
      if (performance.now() - answeredAt > idleMs) await wake()
      return await exec(batch.pipeline)
    } catch (error) {
      throw new StoreUnavailableError(withoutContent(error))
    }
  }

  async function wake(): Promise<void> {
    const pipeline = newPipeline()
    pipeline.ping()
    await execTwice(pipeline)
  }

  async function execTwice(pipeline: P): Promise<Reply[]> {
    try {
      return await exec(pipeline)
    } catch (error) {
      if (!isBrokenConnection(error)) throw error
      return exec(pipeline)
    }
  }

  async function exec(pipeline: P): Promise<Reply[]> {
    const replies = await pipeline.exec({ keepErrors: true })
    answeredAt = performance.now()
    return replies
  }

  return async function send(repeat, add) {
    const batch = open && open.pipeline.length() < maxCommands ? open : begin()
    const index = batch.pipeline.length()
    add(batch.pipeline)
    if (repeat === 'once') batch.repeat = 'once'
    const reply = (await batch.replies)[index]
    if (reply?.result !== undefined || reply?.error !== undefined) return reply
    throw new StoreUnavailableError(new Error('an answer is missing'))
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** `fetch` reports a network failure as a TypeError with the failure as its cause. Not a timeout: that was waited for already. */
const isBrokenConnection = (error: unknown): boolean =>
  error instanceof TypeError && error.cause !== undefined

/**
 * The client puts the whole request, and an answer that it cannot read, into its messages. Both hold
 * what we store, which has no business in a log.
 */
function withoutContent(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if (error.name === 'UpstashJSONParseError') return new Error('the answer is not JSON')
  const [message = ''] = error.message.split(', command was:')
  return message === error.message ? error : new Error(message)
}
