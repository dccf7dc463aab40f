import type { Duplex } from 'node:stream'
import type { Dispatcher } from '../http/outgoing.ts'
import type { ProblemCode } from '../http/problem.ts'
import { StoreUnavailableError } from '../store/key-value.ts'
import { clientGone } from '../telemetry/done-requests.ts'
import { Admission, refusalOfUpgrade } from './admission.ts'
import { logProblem, problemAnswer } from './answer.ts'
import type { CallServices } from './call-services.ts'
import type { RouteMatch } from './match-route.ts'
import type { AllOpenEnded, OpenEnded } from './open-ended.ts'
import type { ReadyRemote } from './prepare-remote.ts'
import type { UpgradeRequest } from './remote-request.ts'
import type { AnswerHeaders } from './response-headers.ts'
import { joinSockets } from './tunnel.ts'
import { HeadTimeoutError, problemOfFailure } from './upstream-failure.ts'

/** What `upgrade` needs besides the services of every call. */
export interface UpgradeDeps {
  readonly services: CallServices
  readonly openEnded: AllOpenEnded
}

const noBytes = { fromClient: 0, toClient: 0 }

/** The part of an API's 101 that concerns the browser (RFC 6455 section 4.2.2). */
const handshakeHeaders = [
  'sec-websocket-accept',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
]

/**
 * Answers a request for a WebSocket (P11): exact `Origin`, then session and token as for any call, then
 * the API's own handshake, and from there on a tunnel that lasts as long as the session.
 */
export async function upgrade(
  { services, openEnded }: UpgradeDeps,
  remote: ReadyRemote,
  match: RouteMatch,
  request: UpgradeRequest,
): Promise<void> {
  const { socket } = request
  const admission = new Admission(services, remote, request)
  const startedAt = performance.now()
  const gone = new AbortController()
  const onGone = () => gone.abort()
  socket.on('error', onGone)
  socket.on('close', onGone)

  try {
    const refusal = admission.begin(match, refusalOfUpgrade)
    if (refusal) return refuse(refusal)
    await admission.findCaller()
    const problem = await admission.findToken()
    if (problem) return refuse(problem)
    admission.addOwnHeaders()
    for (;;) {
      await admission.addToken()
      if (gone.signal.aborted) return tellDone(clientGone)
      // Held during the handshake only: an open WebSocket is no call.
      const place = admission.takePlace()
      if (typeof place === 'string') return refuse(place)
      const busy = place.enter(remote.upstream)
      if (busy) {
        place.leave()
        return refuse(busy)
      }
      const answer = await handshake(remote, admission, gone.signal).finally(place.leave)
      const { status, headers } = answer
      if (answer.socket) return join(headers, answer.socket)
      admission.rememberNonce(headers)
      const after = status === 401 ? admission.after401(headers, true).do : 'pass'
      if (after === 'renew') {
        const problem = await admission.renewToken()
        if (problem === 'same') return passRefusal(status)
        if (problem) return refuse(problem)
      } else if (after !== 'repeat') return passRefusal(status)
    }
  } catch (cause) {
    if (gone.signal.aborted) return tellDone(clientGone)
    if (cause instanceof StoreUnavailableError) return refuse('store_unavailable', cause)
    const error = cause instanceof Error ? cause : new Error(String(cause))
    refuse(problemOfFailure(error, false), cause)
  }

  function join(headers: AnswerHeaders, upstream: Duplex): void {
    socket.off('error', onGone).off('close', onGone)
    // Between the handshake and here, nobody may have listened.
    if (socket.destroyed || upstream.destroyed) {
      socket.destroy()
      upstream.on('error', () => undefined).destroy()
      tellDone(clientGone)
      return
    }
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
    for (const name of handshakeHeaders) {
      if (typeof headers[name] === 'string') lines.push(`${name}: ${headers[name]}`)
    }
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
    if (request.head.length > 0) upstream.write(request.head)
    const open: OpenEnded = { cookie: admission.sessionCookie, close: () => tunnel.close() }
    const tunnel = joinSockets(socket, upstream, (bytes) => {
      openEnded.remove(open)
      tellDone(101, bytes)
    })
    openEnded.add(open)
  }

  /** A browser shows a page nothing of this answer, so its status is all that passes. */
  function passRefusal(status: number): void {
    const length = status === 204 ? [] : ['content-length', '0']
    const headers = ['connection', 'close', ...length]
    endWith(request, { status, headers, body: '' })
    tellDone(status)
  }

  function refuse(code: ProblemCode, cause?: unknown): void {
    logProblem(services.log, admission.logged, code, cause)
    const { requestId } = admission
    const answer = problemAnswer(code, { requestId, headers: { connection: 'close' } })
    endWith(request, answer)
    tellDone(answer.status, { fromClient: 0, toClient: Buffer.byteLength(answer.body) })
  }

  function tellDone(status: number, { fromClient, toClient } = noBytes): void {
    const { requestId, method } = admission
    admission.span?.end(status)
    services.onUpgradeOver({
      ...{ requestId, method, status, startedAt, who: admission },
      ...{ remote: remote.settings.name, route: remote.place.publicPrefix },
      ...{ bytesIn: fromClient, bytesOut: toClient },
    })
  }
}

/** Writes a whole answer to a bare socket. */
export function endWith(
  { socket, answerHeaders }: Pick<UpgradeRequest, 'socket' | 'answerHeaders'>,
  { status, headers, body }: { status: number; headers: string[]; body: string },
): void {
  let text = `HTTP/1.1 ${status} Refused\r\n`
  for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  for (const [name, value] of Object.entries(answerHeaders)) {
    if (!headers.includes(name)) text += `${name}: ${value}\r\n`
  }
  socket.end(`${text}\r\n${body}`, () => socket.destroy())
}

interface Handshake {
  readonly status: number
  readonly headers: AnswerHeaders
  /** Present when the API agreed. */
  readonly socket?: Duplex
}

function handshake(
  remote: ReadyRemote,
  { upstreamPath: path, head: { passed: headers } }: Admission,
  signal: AbortSignal,
): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined
    let late: NodeJS.Timeout | undefined
    const abort = () => controller?.abort(new Error('the client went away'))
    signal.addEventListener('abort', abort, { once: true })
    const connection = remote.socketUpstream.take()
    let isGiven = false
    const give = () => {
      if (!isGiven) remote.socketUpstream.give(connection)
      isGiven = true
    }
    connection.dispatch(
      { method: 'GET', path, headers, upgrade: 'websocket' },
      {
        onRequestStart(it) {
          controller = it
          if (signal.aborted) abort()
          late = setTimeout(() => it.abort(new HeadTimeoutError()), remote.settings.idleTimeoutMs)
        },
        onRequestUpgrade(_controller, status, answered, upstream) {
          clearTimeout(late)
          signal.removeEventListener('abort', abort)
          resolve({ status, headers: answered, socket: upstream })
          give()
        },
        onResponseStart(_controller, status, answered) {
          if (status < 200) return
          clearTimeout(late)
          resolve({ status, headers: answered })
        },
        onResponseData(it) {
          it.abort(new Error('nobody reads it'))
        },
        onResponseEnd: give,
        onResponseError(_controller, error) {
          clearTimeout(late)
          signal.removeEventListener('abort', abort)
          reject(error)
          give()
        },
      },
    )
  })
}
