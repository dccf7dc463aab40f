import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Bff } from '../bff.ts'
import { failureCode } from '../endpoints/failure-code.ts'
import type { Log } from '../telemetry/log.ts'
import { limitBody } from './body-limit.ts'
import type { CallsInFlight } from './calls-in-flight.ts'
import { createFrontDoor, headOf } from './front-door.ts'
import { createNodeRemote } from './node-remote.ts'
import { sendResponse, toRequest } from './node-web.ts'
import { isBehindAnother } from './queued-answers.ts'
import { refuse, refuseOnSocket } from './refuse.ts'
import { secureHeaders } from './secure-head.ts'
import { createTellAnswers } from './tell-answers.ts'
import { isSoleListener, isWebSocket, serveAsRequest } from './upgrades.ts'

/** Goes on with what is not ours, as Connect and Express have it; with an error when something is broken. */
export type Next = (error?: unknown) => unknown

export interface NodeHandlerDeps {
  readonly bff: Bff
  readonly log: Log
  readonly calls: CallsInFlight
}

/** The endpoints and the remote APIs on a server that is somebody else's. */
export function createNodeHandler({ bff, log, calls }: NodeHandlerDeps) {
  const isSecure = bff.settings.publicOrigin.startsWith('https:')
  const more: Readonly<Record<string, string>> = isSecure ? secureHeaders : {}
  const remote = createNodeRemote(bff.remote, peerOf, more)
  const frontDoor = createFrontDoor(bff)
  const tellAnswer = createTellAnswers(bff, peerOf)
  const isEndpoint = (target: string) => bff.handlesPath(target.split('?', 1)[0] ?? '/')
  const background = (task: Promise<unknown>) => {
    task.catch((cause: unknown) => log.event('unexpected.error', { where: 'background', cause }))
  }

  async function answerEndpoint(request: IncomingMessage, response: ServerResponse) {
    const abort = new AbortController()
    response.once('close', () => {
      if (!response.writableFinished) abort.abort()
    })
    const web = toRequest(request, bff.settings.publicOrigin, abort.signal)
    if (!web) return refuse(response, 'bad_request', request.headers['x-request-id'])
    const info = { peerAddress: peerOf(request), background }
    const answer = await bff.handle(web, request.url ?? '/', info)
    await sendResponse(answer, request, response)
  }

  function answerOurs(request: IncomingMessage, response: ServerResponse): void {
    calls.add(response, request)
    for (const [name, value] of Object.entries(more)) response.setHeader(name, value)
    if (bff.isDraining()) response.shouldKeepAlive = false
    const head = headOf(request, frontDoor)
    const refusal = frontDoor.refusalOf(head)
    if (refusal) {
      tellAnswer(request, response, 'refused')
      return void refuse(response, refusal, request.headers['x-request-id'])
    }
    if (bff.remote.handles(head.target)) return void remote.handle(request, response)
    limitBody(request, response, { maxBytes: frontDoor.maxBodyBytes(head), more, reader: 'engine' })
    answerEndpoint(request, response).catch((cause: unknown) => {
      log.event('unexpected.error', { where: 'request', cause })
      response.destroy()
    })
  }

  /** What an app goes on with may throw, or reject: that is the end of an answer, and not of the process. */
  function goOn(next: Next, response: ServerResponse): void {
    const failed = (cause: unknown) => {
      log.event('unexpected.error', { where: 'what follows the handler', cause })
      if (!response.headersSent) refuse(response, failureCode(cause), undefined)
      // One that has ended already is whole.
      else if (!response.writableEnded) response.destroy()
    }
    try {
      Promise.resolve(next()).catch(failed)
    } catch (cause) {
      failed(cause)
    }
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const target = frontDoor.targetOf(receivedTarget(request))
    const isRemote = bff.remote.handles(target)
    const isAlone = isSoleListener(socket, upgrade)
    const isOurs = isRemote || isEndpoint(target) || isAlone
    if (!isOurs) return false
    socket.on('error', () => socket.destroy())
    // An earlier request of this connection waits for its answer, which other bytes would spoil.
    if (!socket.writable || isBehindAnother(request)) socket.destroy()
    else if (!isWebSocket(request)) serveAsRequest(request, socket, head, more)
    else if (!isRemote) refuseOnSocket(socket, 'not_found', more)
    else {
      request.url = target
      calls.add(socket)
      const refusal = frontDoor.refusalOf(headOf(request, frontDoor))
      if (refusal) refuseOnSocket(socket, refusal, more)
      else remote.upgrade(request, socket, head)
    }
    return true
  }

  return {
    handler(request: IncomingMessage, response: ServerResponse, next?: Next): void {
      const target = frontDoor.targetOf(receivedTarget(request))
      const isOurs = bff.remote.handles(target) || isEndpoint(target)
      if (!isOurs)
        return void (next ? goOn(next, response) : refuse(response, 'not_found', undefined))
      // Nothing could be said of a body that is gone, and an API would wait for it.
      if (request.readableDidRead) return void misplaced(response, next, log)
      // Express takes from `url` what a router is mounted at.
      request.url = target
      answerOurs(request, response)
    },
    upgrade,
  }
}

export function peerOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? ''
}

function receivedTarget(request: IncomingMessage & { originalUrl?: string }): string | undefined {
  return request.originalUrl ?? request.url
}

function misplaced(response: ServerResponse, next: Next | undefined, log: Log): void {
  const cause = new Error(
    'the body was read before cloakroom.handler: mount it before body parsers',
  )
  if (next) return void next(cause)
  log.event('unexpected.error', { where: 'request', cause })
  refuse(response, 'internal_error', undefined)
}
