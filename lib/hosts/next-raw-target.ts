import { randomBytes } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { isRemoteTarget } from '../remote/match-route.ts'
import { isPlainPath } from '../remote/request-path.ts'
import { isDecodablePath, isUnrepresentableMethod } from './unrepresentable.ts'

/**
 * Next tidies a request's address before a route handler sees it: it sorts the query, resolves dot segments,
 * redirects double slashes, and fails on a broken escape. The proxy must judge and send what the client wrote
 * (P1, P2), so the request-target is kept as it arrived, in a header that nobody else can write: its value
 * begins with a word that only this process knows.
 */

const header = 'x-cloakroom-target'
// Where Next is led with a path that it would stumble over.
const plainTarget = '/api/remote/-'
const noTarget = '/bff/-'

const slot = Symbol.for('cloakroom.rawTargets')
const shared = globalThis as { [slot]?: string }

/** Begins to keep the targets of all requests of this process. Again is once. */
export function keepRawTargets(): void {
  if (shared[slot] !== undefined) return
  const word = randomBytes(16).toString('base64url')
  shared[slot] = word
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { request: IncomingMessage }
    const { url = '', method = '' } = request
    if (isUnrepresentableMethod(method)) request.method = 'UNSUPPORTED'
    if (isRemoteTarget(url)) {
      request.headers[header] = `${word}.${Buffer.from(url, 'latin1').toString('base64url')}`
      if (!isPlainPath(url.split('?', 1)[0] ?? '')) request.url = plainTarget
    } else if (!url.startsWith('/') || !isDecodablePath(url)) request.url = noTarget
  })
}

/** The request-target as the client wrote it; undefined where Next runs in a server that is not ours. */
export function rawTargetOf(headers: Headers): string | undefined {
  const [word, target = ''] = headers.get(header)?.split('.', 2) ?? []
  if (word === undefined || word !== shared[slot]) return undefined
  return Buffer.from(target, 'base64url').toString('latin1')
}

/** Not for an API's eyes. */
export function isRawTargetHeader(name: string): boolean {
  return name === header
}
