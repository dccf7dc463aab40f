import type { Duplex } from 'node:stream'
import type { Dispatcher } from '../http/outgoing.ts'
import type { ProblemCode } from '../http/problem.ts'
import { StoreUnavailableError } from '../store/key-value.ts'
import { clientOf, type LoggedCall, logProblem } from './call-log.ts'
import type { CallServices } from './call-services.ts'
import { findCaller } from './caller.ts'
import type { UpgradeExchange } from './exchange.ts'
import type { RouteMatch } from './match-route.ts'
import type { AllOpenEnded, OpenEnded } from './open-ended.ts'
import { addOwnHeaders, addToken, idOf, rememberNonce } from './own-headers.ts'
import type { ReadyRemote } from './prepare-remote.ts'
import { problemAnswer } from './problem-answer.ts'
import type { RequestHead } from './request-headers.ts'
import { isSafePath, isSafeQuery, upstreamPath } from './request-path.ts'
import type { AnswerHeaders } from './response-headers.ts'
import { Retries } from './retry.ts'
import { tokenProblem } from './token-problem.ts'
import { joinSockets } from './tunnel.ts'
import { HeadTimeoutError, problemOfFailure } from './upstream-failure.ts'

/** What `upgrade` needs besides the services of every call. */
export interface UpgradeDeps {
  readonly services: CallServices
  readonly openEnded: AllOpenEnded
}

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
  exchange: UpgradeExchange,
): Promise<void> {
  const { socket, method } = exchange
  const head = remote.readHeaders(exchange.rawHeaders)
  const id = idOf(head, services)
  const { peerAddress } = exchange
  const facts = { method, upstreamPath: '' }
  const logged: LoggedCall = {
    requestId: id,
    remote: remote.settings.name,
    client: clientOf(exchange, head, services),
  }
  const gone = new AbortController()
  const onGone = () => gone.abort()
  socket.on('error', onGone)
  socket.on('close', onGone)

  try {
    const refusal = refusalOfUpgrade(method, head, match, remote, services)
    if (refusal) return refuse(refusal)
    facts.upstreamPath = upstreamPath(remote.place, match)
    const caller = await findCaller(services, remote, head.cookie, { logged })
    const { session } = caller
    addOwnHeaders(head, remote, services, { requestId: id, peerAddress, caller })
    const plainHeaders = head.passed.length
    const retries = new Retries()
    let token = await remote.chooseToken(session, facts, undefined)
    for (;;) {
      const problem = tokenProblem(token, remote.settings, session, services.log)
      if (problem) return refuse(problem)
      head.passed.length = plainHeaders
      await addToken(head.passed, token, remote, facts)
      if (gone.signal.aborted) return
      // Held during the handshake only: an open WebSocket is no call.
      const place = services.admit({
        peerAddress,
        forwardedFor: head.forwardedFor,
        sessionKey: session?.key,
      })
      if (typeof place === 'string') return refuse(place)
      const busy = place.enter(remote.upstream)
      if (busy) {
        place.leave()
        return refuse(busy)
      }
      const answer = await handshake(remote, facts, head.passed, gone.signal).finally(place.leave)
      if (answer.socket) return join(answer.headers, answer.socket, session && head.cookie)
      rememberNonce(token, remote, facts.upstreamPath, answer.headers)
      const after =
        answer.status === 401
          ? retries.after401(answer.headers, {
              ...{ token, isUsers: session !== undefined, isReplayable: true },
              basePath: services.basePath,
            }).do
          : 'pass'
      if (after === 'renew' && 'token' in token) {
        const rejected = token.token
        token = await remote.chooseToken(session, facts, rejected)
        if ('token' in token && token.token === rejected) return passRefusal(answer.status)
      } else if (after !== 'repeat') return passRefusal(answer.status)
    }
  } catch (cause) {
    if (gone.signal.aborted) return
    if (cause instanceof StoreUnavailableError) return refuse('store_unavailable', cause)
    const error = cause instanceof Error ? cause : new Error(String(cause))
    refuse(problemOfFailure(error, false), cause)
  }

  function join(headers: AnswerHeaders, upstream: Duplex, cookie: string | undefined): void {
    socket.off('error', onGone).off('close', onGone)
    // Between the handshake and here, nobody may have listened.
    if (socket.destroyed || upstream.destroyed) {
      socket.destroy()
      upstream.on('error', () => undefined).destroy()
      return
    }
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
    for (const name of handshakeHeaders) {
      if (typeof headers[name] === 'string') lines.push(`${name}: ${headers[name]}`)
    }
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
    if (exchange.head.length > 0) upstream.write(exchange.head)
    const open: OpenEnded = { cookie, close: () => tunnel.close() }
    const tunnel = joinSockets(socket, upstream, () => openEnded.remove(open))
    openEnded.add(open)
  }

  /** A browser shows a page nothing of this answer, so its status is all that passes. */
  function passRefusal(status: number): void {
    const length = status === 204 ? [] : ['content-length', '0']
    const headers = ['connection', 'close', ...length]
    endWith(exchange, { status, headers, body: '' })
  }

  function refuse(code: ProblemCode, cause?: unknown): void {
    logProblem(services.log, logged, code, cause)
    const answer = problemAnswer(code, { requestId: id, headers: { connection: 'close' } })
    endWith(exchange, answer)
  }
}

/** Writes a whole answer to a bare socket. */
export function endWith(
  { socket, answerHeaders }: Pick<UpgradeExchange, 'socket' | 'answerHeaders'>,
  { status, headers, body }: { status: number; headers: string[]; body: string },
): void {
  let text = `HTTP/1.1 ${status} Refused\r\n`
  for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  for (const [name, value] of Object.entries(answerHeaders)) {
    if (!headers.includes(name)) text += `${name}: ${value}\r\n`
  }
  socket.end(`${text}\r\n${body}`, () => socket.destroy())
}

function refusalOfUpgrade(
  method: string,
  head: RequestHead,
  match: RouteMatch,
  remote: ReadyRemote,
  { csrf, cors }: CallServices,
): ProblemCode | undefined {
  if (!remote.settings.websocket) return 'not_found'
  if (method !== 'GET' || head.upgrade?.toLowerCase() !== 'websocket') return 'bad_request'
  // Cookies go along with every handshake, from any page, and no preflight asks before.
  const { origin } = head
  const isOurs = origin === csrf.publicOrigin || cors.listed(origin) !== undefined
  if (!isOurs) return 'csrf_check_failed'
  if (!isSafePath(match.path) || !isSafeQuery(match.query)) return 'bad_path'
  return undefined
}

interface Handshake {
  readonly status: number
  readonly headers: AnswerHeaders
  /** Present when the API agreed. */
  readonly socket?: Duplex
}

function handshake(
  remote: ReadyRemote,
  { upstreamPath: path }: { upstreamPath: string },
  headers: string[],
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
