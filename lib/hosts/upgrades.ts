import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type FrontDoor, headOf } from './front-door.ts'
import { isBehindAnother } from './queued-answers.ts'
import { type MoreHeaders, refuseOnSocket } from './refuse.ts'

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown

export interface UpgradeDeps {
  readonly frontDoor: FrontDoor
  /** Headers that every answer has. */
  readonly more: MoreHeaders
  /** Who takes an upgrade of this target; undefined: nobody, and it is 404. */
  readonly handlerOf: (target: string) => UpgradeHandler | undefined
}

/**
 * Whether a request is one for another protocol. `Upgrade: h2c` and the like are invitations that a server may
 * ignore (RFC 9110 section 7.8), and so is one that comes while an earlier request waits for its answer.
 */
export function isUpgrade(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket' && !isBehindAnother(request)
}

/** Every upgrade is let in by the front door, and taken or refused: none is left without an answer. */
export function answerUpgrades(server: Server, { frontDoor, more, handlerOf }: UpgradeDeps): void {
  server.on('upgrade', (request, socket, head) => {
    // Node has taken its own listener away, and an earlier answer may have ended the socket already.
    socket.on('error', () => socket.destroy())
    if (!socket.writable) return void socket.destroy()
    const raw = headOf(request, frontDoor)
    const refusal = frontDoor.refusalOf(raw)
    if (refusal) return refuseOnSocket(socket, refusal, more)
    const handle = handlerOf(raw.target)
    if (handle) return void handle(request, socket, head)
    refuseOnSocket(socket, 'not_found', more)
  })
}
