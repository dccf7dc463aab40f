import { randomBytes } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { isRemoteTarget } from '../remote/match-route.ts'
import { isPlainPath } from '../remote/request-path.ts'
import { limitBody } from './body-limit.ts'
import type { FrontDoor, Refusal } from './front-door.ts'
import { isUnrepresentableMethod } from './unrepresentable.ts'

/**
 * Next tidies a request's address before a route handler sees it: it sorts the query, resolves dot segments,
 * redirects double slashes, and fails on a broken escape. The proxy must judge and send what the client wrote
 * (P1, P2), and what is refused is refused by what was written, so every request is looked at as it arrives.
 * What was found is kept in a header that nobody else can write: its value begins with a word that only this
 * process knows.
 */

const header = 'x-cloakroom-target'
// Where Next is led with a path that it would stumble over, or that is refused.
const plainTarget = '/api/remote/-'
const refusedTarget = '/bff/-'

const slot = Symbol.for('cloakroom.rawTargets')
const shared = globalThis as { [slot]?: string }

export interface RawTargetOptions {
  /** @default bodyDeadlineMs */
  readonly bodyDeadlineMs?: number
}

/** Begins to look at all requests of this process. Again is once. */
export function keepRawTargets(frontDoor: FrontDoor, options: RawTargetOptions = {}): void {
  if (shared[slot] !== undefined) return
  const word = randomBytes(16).toString('base64url')
  shared[slot] = word

  function keep(request: IncomingMessage, value: string): void {
    request.headers[header] = `${word}.${Buffer.from(value, 'latin1').toString('base64url')}`
  }

  subscribe('http.server.request.start', (message) => {
    const { request } = message as { request: IncomingMessage }
    const { url: target = '', method = '', rawHeaders } = request
    // As on the Node host (P31); Next's server has no setting for it.
    request.socket.setKeepAlive(true, 30_000)
    const refusal = frontDoor.refusalOf({ method, target, rawHeaders })
    if (!isRemoteTarget(target)) {
      const { bodyDeadlineMs: deadlineMs } = options
      limitBody(request, { maxBytes: frontDoor.maxBodyBytes({ method, target }), deadlineMs })
    }
    if (refusal) {
      keep(request, refusal)
      request.url = refusedTarget
      request.method = method === 'HEAD' ? 'HEAD' : 'GET'
      return
    }
    if (isUnrepresentableMethod(method)) request.method = 'UNSUPPORTED'
    if (isRemoteTarget(target)) {
      keep(request, target)
      if (!isPlainPath(target.split('?', 1)[0] ?? '')) request.url = plainTarget
    } else delete request.headers[header]
  })
}

/** The request-target as the client wrote it; undefined where Next runs in a server that is not ours. */
export function rawTargetOf(headers: Headers): string | undefined {
  const kept = keptIn(headers)
  return kept?.startsWith('/') ? kept : undefined
}

/** Why the request is not let in, if it is not. */
export function refusalIn(headers: Headers): Refusal | undefined {
  const kept = keptIn(headers)
  return kept === undefined || kept.startsWith('/') ? undefined : (kept as Refusal)
}

function keptIn(headers: Headers): string | undefined {
  const [word, kept = ''] = headers.get(header)?.split('.', 2) ?? []
  if (word === undefined || word !== shared[slot]) return undefined
  return Buffer.from(kept, 'base64url').toString('latin1')
}

/** Not for an API's eyes. */
export function isRawTargetHeader(name: string): boolean {
  return name === header
}
