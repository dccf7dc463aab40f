import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { failureCode } from '../endpoints/failure-code.ts'
import type { Unclaimed } from '../frontends/choose.ts'
import type { WholeBff } from '../frontends/create-bff.ts'
import type { Log } from '../telemetry/log.ts'
import { limitBody } from './body-limit.ts'
import type { CallsInFlight } from './calls-in-flight.ts'
import { createDoors } from './doors.ts'
import { headOf } from './front-door.ts'
import { createNodeDoor, type NodeDoor } from './node-door.ts'
import { isBehindAnother } from './queued-answers.ts'
import { refuse, refuseOnSocket } from './refuse.ts'
import { secureHeaders } from './secure-head.ts'
import { isSoleListener, isWebSocket, serveAsRequest } from './upgrades.ts'

/** Goes on with what is not ours, as Connect and Express have it; with an error when something is broken. */
export type Next = (error?: unknown) => unknown

export interface NodeHandlerDeps {
  readonly bff: WholeBff
  readonly log: Log
  readonly calls: CallsInFlight
}

interface Asked {
  readonly door: NodeDoor
  readonly unclaimed: Unclaimed | undefined
  readonly target: string
}

/** The endpoints and the remote APIs on a server that is somebody else's. */
export function createNodeHandler({ bff, log, calls }: NodeHandlerDeps) {
  const isSecure = bff.settings.publicOrigin.startsWith('https:')
  const more: Readonly<Record<string, string>> = isSecure ? secureHeaders : {}
  const background = (task: Promise<unknown>) => {
    task.catch((cause: unknown) => log.event('unexpected.error', { where: 'background', cause }))
  }
  const doors = createDoors(bff.frontends, (it) => createNodeDoor(it, { peerOf, more, background }))

  /** The frontend of a request; the top level's, where it is nobody's. */
  function doorOf(request: IncomingMessage): Asked {
    const received = receivedTarget(request)
    const found = doors.of(request.rawHeaders, received)
    const door = typeof found === 'string' ? doors.top() : found
    const unclaimed = typeof found === 'string' ? found : undefined
    return { door, unclaimed, target: door.frontDoor.targetOf(received) }
  }

  function answerOurs(
    { door, unclaimed }: Asked,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    calls.add(response, request)
    for (const [name, value] of Object.entries(more)) response.setHeader(name, value)
    if (bff.isDraining()) response.shouldKeepAlive = false
    const { frontDoor } = door
    const head = headOf(request, frontDoor)
    const refusal = unclaimed ?? frontDoor.refusalOf(head)
    if (refusal) {
      door.tellAnswer(request, response, 'refused')
      return void refuse(response, refusal, request.headers['x-request-id'])
    }
    if (frontDoor.isRemote(head.target)) return void door.remote.handle(request, response)
    limitBody(request, response, { maxBytes: frontDoor.maxBodyBytes(head), more, reader: 'engine' })
    door.answerEndpoint(request, response).catch((cause: unknown) => {
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
    const { door, target, unclaimed } = doorOf(request)
    const { frontDoor } = door
    const isRemote = frontDoor.isRemote(target)
    const isAlone = isSoleListener(socket, upgrade)
    const isOurs = isRemote || frontDoor.isEndpoint(target) || isAlone
    if (!isOurs) return false
    socket.on('error', () => socket.destroy())
    // An earlier request of this connection waits for its answer, which other bytes would spoil.
    if (!socket.writable || isBehindAnother(request)) socket.destroy()
    else if (!isWebSocket(request)) serveAsRequest(request, socket, head, more)
    else if (!isRemote) refuseOnSocket(socket, 'not_found', more)
    else {
      request.url = target
      calls.add(socket)
      const refusal = unclaimed ?? frontDoor.refusalOf(headOf(request, frontDoor))
      if (refusal) refuseOnSocket(socket, refusal, more)
      else door.remote.upgrade(request, socket, head)
    }
    return true
  }

  return {
    handler(request: IncomingMessage, response: ServerResponse, next?: Next): void {
      const asked = doorOf(request)
      const { target } = asked
      const { frontDoor } = asked.door
      if (!frontDoor.isRemote(target) && !frontDoor.isEndpoint(target))
        return void (next ? goOn(next, response) : refuse(response, 'not_found', undefined))
      // Nothing could be said of a body that is gone, and an API would wait for it.
      if (request.readableDidRead) return void misplaced(response, next, log)
      // Express takes from `url` what a router is mounted at.
      request.url = target
      answerOurs(asked, request, response)
    },
    upgrade,
  }
}

export function peerOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? ''
}

/** Express takes from `url` what a router is mounted at. */
export function receivedTarget(
  request: Pick<IncomingMessage, 'url'> & { originalUrl?: string },
): string | undefined {
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
