import type { Bff } from './bff.ts'

/** What the server tells of a session. `live`: nothing, but that it would. */
export type SessionEvent =
  | { readonly event: 'live' }
  | { readonly event: 'signed-out'; readonly reason: string }
  | { readonly event: 'expiring'; readonly seconds: number }
  | { readonly event: 'extended'; readonly seconds: number }

export interface SessionEventsOptions {
  readonly bff: Pick<Bff, 'basePath' | 'fetch'>
  readonly onEvent: (event: SessionEvent) => void
  /** From 0 up to 1. @default Math.random */
  readonly random?: () => number
  /** Milliseconds. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** How a connection ended. `useless`: this server has no events, or something in between keeps them. */
type End = 'signed-out' | 'useless' | 'cut'

/** Without a word for so long from a server that sends one at once, somebody keeps it. */
const firstWordMs = 15_000
/** The server says something every 25 seconds. */
const silenceMs = 60_000
const firstPauseMs = 4_000
const longestPauseMs = 60_000

/**
 * Listens to `GET /bff/events` until the session is over, the signal comes, or listening proves to be of no use. A
 * connection that breaks is opened again after a while that is different in each browser, so that a server that comes
 * back is not met by all of them at once. Never rejects.
 */
export async function listenToSession(
  options: SessionEventsOptions,
  signal: AbortSignal,
): Promise<void> {
  const { random = Math.random, sleep = pause } = options
  for (let failures = 0; !signal.aborted; ) {
    let heard = 0
    const end = await listenOnce(options, signal, () => {
      heard += 1
    })
    if (end !== 'cut' || signal.aborted) return
    failures = heard > 0 ? 0 : failures + 1
    const upTo = Math.min(longestPauseMs, firstPauseMs * 2 ** failures)
    await sleep(500 + random() * upTo, signal)
  }
}

async function listenOnce(
  { bff, onEvent }: SessionEventsOptions,
  signal: AbortSignal,
  onHeard: () => void,
): Promise<End> {
  const quiet = new AbortController()
  const until = AbortSignal.any([signal, quiet.signal])
  let timer = setTimeout(() => quiet.abort(), firstWordMs)
  let hasSpoken = false
  try {
    const response = await bff.fetch(`${bff.basePath}/events`, {
      headers: { accept: 'text/event-stream' },
      cache: 'no-store',
      signal: until,
    })
    if (!isStream(response)) {
      await response.body?.cancel()
      return response.status >= 500 || response.status === 429 ? 'cut' : 'useless'
    }
    for await (const block of blocksOf(response.body as ReadableStream<Uint8Array>, until)) {
      clearTimeout(timer)
      timer = setTimeout(() => quiet.abort(), silenceMs)
      hasSpoken = true
      onHeard()
      const event = eventOf(block)
      onEvent(event)
      if (event.event === 'signed-out') return 'signed-out'
    }
    return 'cut'
  } catch (error) {
    if (error instanceof Error && error.name === 'SignInNeededError') return 'signed-out'
    return quiet.signal.aborted && !hasSpoken ? 'useless' : 'cut'
  } finally {
    clearTimeout(timer)
  }
}

function isStream({ status, headers, body }: Response): boolean {
  return (
    status === 200 && body !== null && /^text\/event-stream/.test(headers.get('content-type') ?? '')
  )
}

async function* blocksOf(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as never)
    .getReader() as ReadableStreamDefaultReader<string>
  const stop = () => void reader.cancel().catch(() => {})
  signal.addEventListener('abort', stop)
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const blocks = (rest + value).split('\n\n')
      rest = blocks.pop() ?? ''
      yield* blocks
    }
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}

function eventOf(block: string): SessionEvent {
  const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1]
  const event = field('event')
  const data = dataOf(field('data'))
  if (event === 'signed-out') return { event, reason: String(data.reason) }
  if (event === 'expiring') return { event, seconds: Number(data.inSeconds) || 0 }
  if (event === 'extended') return { event, seconds: Number(data.expiresIn) || 0 }
  return { event: 'live' }
}

function dataOf(text: string | undefined): Partial<Record<string, unknown>> {
  try {
    return (JSON.parse(text ?? '') as Record<string, unknown> | null) ?? {}
  } catch {
    return {}
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
