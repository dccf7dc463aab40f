import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Unclaimed } from '../frontends/choose.ts'
import { type FrontDoor, headOf } from './front-door.ts'
import { isBehindAnother } from './queued-answers.ts'
import { type MoreHeaders, refuseOnSocket } from './refuse.ts'

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown

export interface UpgradeDoor {
  readonly frontDoor: FrontDoor
  /** Who takes an upgrade of this target; undefined: nobody, and it is 404. */
  readonly handlerOf: (target: string) => UpgradeHandler | undefined
}

export interface UpgradeDeps {
  /** The frontend of a request. */
  readonly doorOf: (request: IncomingMessage) => UpgradeDoor | Unclaimed
  /** Headers that every answer has. */
  readonly more: MoreHeaders
}

/**
 * Whether a request is one for another protocol. `Upgrade: h2c` and the like are invitations that a server may
 * ignore (RFC 9110 section 7.8), and so is one that comes while an earlier request waits for its answer.
 */
export function isUpgrade(request: IncomingMessage): boolean {
  return isWebSocket(request) && !isBehindAnother(request)
}

export function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

/** Node has no public name for the server of a connection. */
function serverOf(socket: Duplex): Server | undefined {
  return (socket as Socket & { server?: Server }).server
}

/** Whether nobody else is told of upgrades on a server that is somebody else's: then none would be answered. */
export function isSoleListener(socket: Duplex, listener: UpgradeHandler): boolean {
  const listeners = serverOf(socket)?.listeners('upgrade') ?? []
  return listeners.length === 1 && listeners[0] === listener
}

/**
 * Serves a request as if it had not invited to another protocol (RFC 9110 section 7.8): with a listener for upgrades
 * Node hands over the bare connection, which is given back with the head that came, less the invitation.
 */
export function serveAsRequest(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  more: MoreHeaders,
): void {
  const server = serverOf(socket)
  if (!server) return void refuseOnSocket(socket, 'bad_request', more)
  const { method, url, httpVersion, rawHeaders } = request
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = [rawHeaders[i], rawHeaders[i + 1]]
    if (!invitation.test(name)) lines.push(`${name}: ${value}`)
  }
  const named = request.headers.connection?.split(',').map((it) => it.trim()) ?? []
  const others = named.filter((it) => it !== '' && !invitation.test(it))
  const text = [...lines, `connection: ${['close', ...others].join(', ')}`, '', ''].join('\r\n')
  socket.removeAllListeners('error')
  socket.unshift(Buffer.concat([Buffer.from(text, 'latin1'), head]))
  // Over TLS the other event would begin a handshake within the connection.
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket)
}

const invitation = /^(?:upgrade|connection|keep-alive|close|http2-settings)$/i

/** Every upgrade is let in by the front door, and taken or refused: none is left without an answer. */
export function answerUpgrades(server: Server, { doorOf, more }: UpgradeDeps): void {
  server.on('upgrade', (request, socket, head) => {
    // Node has taken its own listener away, and an earlier answer may have ended the socket already.
    socket.on('error', () => socket.destroy())
    if (!socket.writable) return void socket.destroy()
    const door = doorOf(request)
    if (typeof door === 'string') return refuseOnSocket(socket, door, more)
    const raw = headOf(request, door.frontDoor)
    const refusal = door.frontDoor.refusalOf(raw)
    if (refusal) return refuseOnSocket(socket, refusal, more)
    const handle = door.handlerOf(raw.target)
    if (handle) return void handle(request, socket, head)
    refuseOnSocket(socket, 'not_found', more)
  })
}
