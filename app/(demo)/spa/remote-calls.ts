import { bff, SignInNeededError, UnavailableError } from 'cloakroom/client'

/** One call that the page offers. Paths are of this origin: the BFF knows where the API is. */
export interface RemoteCall {
  readonly id: string
  readonly title: string
  readonly detail: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  readonly streams?: boolean
}

export const publicCall: RemoteCall = {
  id: 'news',
  title: 'News',
  detail: 'A public API. No sign-in needed, none asked for.',
  method: 'GET',
  path: '/api/remote/news',
}

export const ordersCall: RemoteCall = {
  id: 'orders',
  title: 'Orders',
  detail: 'Needs your token. Cloakroom adds it on the way.',
  method: 'GET',
  path: '/api/remote/orders',
}

export const userCalls: readonly RemoteCall[] = [
  ordersCall,
  publicCall,
  {
    id: 'echo',
    title: 'Echo',
    detail: 'Shows what the API received from this page.',
    method: 'POST',
    path: '/api/remote/orders/echo?from=spa',
    body: { hello: 'from the browser' },
  },
  {
    id: 'slow',
    title: 'Slow answer',
    detail: 'An API that takes two seconds to think.',
    method: 'GET',
    path: '/api/remote/orders/slow?ms=2000',
  },
  {
    id: 'stream',
    title: 'Event stream',
    detail: 'Server-sent events, each shown as it arrives.',
    method: 'GET',
    path: '/api/remote/orders/stream',
    streams: true,
  },
  {
    id: 'step-up',
    title: 'Step-up',
    detail: 'Wants a stronger sign-in than the one you have.',
    method: 'GET',
    path: '/api/remote/orders/step-up',
  },
]

export type Answer =
  | { readonly kind: 'none' }
  | { readonly kind: 'pending'; readonly call: RemoteCall }
  | {
      readonly kind: 'answered'
      readonly call: RemoteCall
      /** 0 when no answer came. */
      readonly status: number
      readonly milliseconds: number
      readonly text: string
      readonly streaming: boolean
      /** There when a sign-in would help. */
      readonly loginUrl?: string
    }

/** Makes the call and tells `show` of every state that its answer goes through. */
export async function makeCall(
  call: RemoteCall,
  signal: AbortSignal,
  show: (answer: Answer) => void,
): Promise<void> {
  const started = performance.now()
  show({ kind: 'pending', call })
  const answered = (status: number, text: string, more: { loginUrl?: string } = {}) =>
    show({
      kind: 'answered',
      call,
      status,
      milliseconds: Math.round(performance.now() - started),
      text,
      streaming: false,
      ...more,
    })
  try {
    const response = await bff.fetch(call.path, {
      method: call.method,
      signal,
      ...(call.body === undefined
        ? {}
        : { body: JSON.stringify(call.body), headers: { 'content-type': 'application/json' } }),
    })
    if (call.streams && response.ok) await showStream(call, response, started, show)
    else answered(response.status, pretty(await response.text()))
  } catch (error) {
    if (signal.aborted) return
    if (error instanceof SignInNeededError) {
      const { code, message, loginUrl, requestId } = error
      answered(401, pretty(JSON.stringify({ code, message, requestId })), { loginUrl })
    } else {
      answered(0, error instanceof UnavailableError ? error.message : 'The answer broke off.')
    }
  }
}

const shownEvents = 12

async function showStream(
  call: RemoteCall,
  response: Response,
  started: number,
  show: (answer: Answer) => void,
) {
  const milliseconds = Math.round(performance.now() - started)
  const state = { kind: 'answered', call, status: response.status, milliseconds } as const
  let lines: string[] = []
  let rest = ''
  const seconds = () => ((performance.now() - started) / 1000).toFixed(1).padStart(5)
  for await (const part of chunksOf(response)) {
    const events = `${rest}${part}`.split(/\r?\n\r?\n/)
    rest = events.pop() ?? ''
    const arrived = events.filter(Boolean).map((event) => `${seconds()} s  ${dataOf(event)}`)
    lines = [...lines, ...arrived].slice(-shownEvents)
    show({ ...state, text: lines.join('\n'), streaming: true })
  }
  show({ ...state, text: [...lines, 'The stream has ended.'].join('\n'), streaming: false })
}

/** Not every browser can iterate a stream. */
async function* chunksOf(response: Response): AsyncGenerator<string> {
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  while (reader) {
    const { done, value } = await reader.read()
    if (done) return
    yield decoder.decode(value, { stream: true })
  }
}

function dataOf(event: string): string {
  const data = event.split(/\r?\n/).filter((line) => line.startsWith('data:'))
  return data.length > 0 ? data.map((line) => line.slice(5).trim()).join(' ') : event
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text === '' ? '(no body)' : text
  }
}
