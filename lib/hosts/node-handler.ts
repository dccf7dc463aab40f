import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Bff } from '../bff.ts'
import type { Log } from '../telemetry/log.ts'
import { limitBody } from './body-limit.ts'
import type { CallsInFlight } from './calls-in-flight.ts'
import { createFrontDoor, headOf } from './front-door.ts'
import { createNodeRemote } from './node-remote.ts'
import { sendResponse, toRequest } from './node-web.ts'
import { refuse, refuseOnSocket } from './refuse.ts'
import { secureHeaders } from './secure-head.ts'
import { createTellAnswers } from './tell-answers.ts'

/** Goes on with what is not ours, as Connect and Express have it; with an error when something is broken. */
export type Next = (error?: unknown) => void

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
    response.once('close', () => abort.abort())
    const web = toRequest(request, bff.settings.publicOrigin, abort.signal)
    if (!web) return refuse(response, 'bad_request', request.headers['x-request-id'])
    const info = { peerAddress: peerOf(request), background }
    const answer = await bff.handle(web, request.url ?? '/', info)
    await sendResponse(answer, request, response)
  }

  function answerOurs(request: IncomingMessage, response: ServerResponse): void {
    calls.add(response)
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

  return {
    handler(request: IncomingMessage, response: ServerResponse, next?: Next): void {
      const target = frontDoor.targetOf(receivedTarget(request))
      const isOurs = bff.remote.handles(target) || isEndpoint(target)
      if (!isOurs) return void (next ? next() : refuse(response, 'not_found', undefined))
      // Nothing could be said of a body that is gone, and an API would wait for it.
      if (request.readableDidRead) return void misplaced(response, next, log)
      // Express takes from `url` what a router is mounted at.
      request.url = target
      answerOurs(request, response)
    },
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
      const target = frontDoor.targetOf(receivedTarget(request))
      if (!bff.remote.handles(target)) return false
      request.url = target
      socket.on('error', () => socket.destroy())
      calls.add(socket)
      const refusal = frontDoor.refusalOf(headOf(request, frontDoor))
      if (!socket.writable) socket.destroy()
      else if (refusal) refuseOnSocket(socket, refusal, more)
      else remote.upgrade(request, socket, head)
      return true
    },
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
