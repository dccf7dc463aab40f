import { randomBytes } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { remotePrefix } from '../config/remote-paths.ts'
import type { Unclaimed } from '../frontends/choose.ts'
import { isPlainPath } from '../remote/request-path.ts'
import { limitBody } from './body-limit.ts'
import type { FrontDoor, Refusal } from './front-door.ts'
import { perProcess } from './per-process.ts'
import { isUnrepresentableMethod } from './unrepresentable.ts'

/**
 * Next tidies a request's address before a route handler sees it: it sorts the query, resolves dot segments,
 * redirects double slashes, and fails on a broken escape. The proxy must judge and send what the client wrote
 * (P1, P2), and what is refused is refused by what was written, so every request is looked at as it arrives.
 * What was found is kept in a header that nobody else can write: its value begins with a word that only this
 * process knows. The method is kept too: where Next would refuse it, or drop the body that comes with it, Next is
 * shown a POST (A12). And so are the headers of Next's own router: it would redirect a call that has them.
 */

const header = 'x-cloakroom-target'
// Where Next is led with a path that it would stumble over, that it has no route for, or that is refused.
const plainTarget = `${remotePrefix}/-`
const refusedTarget = '/bff/-'
// What leads to the two route files by itself, also where Next has a base path of its own.
const endpointsFile = /\/bff\/[^/]/
const remotesFile = /\/api\/remote\/[^/]/
// Those that a route handler can have; with the first two it is given no body.
const bodiless = new Set(['GET', 'HEAD'])
const handled = new Set(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

const known = perProcess<string>('rawTargets')

export interface RawTargetOptions {
  /** @default bodyDeadlineMs */
  readonly bodyDeadlineMs?: number
}

/** Begins to look at all requests of this process. Again is once. */
export function keepRawTargets(
  doorOf: (request: IncomingMessage) => FrontDoor | Unclaimed,
  options: RawTargetOptions = {},
): void {
  if (known.get() !== undefined) return
  const { bodyDeadlineMs: deadlineMs } = options
  const word = known.getOrMake(() => randomBytes(16).toString('base64url'))

  function keep(request: IncomingMessage, value: string): void {
    const kept = Buffer.from(value, 'latin1').toString('base64url')
    const hidden = Buffer.from(JSON.stringify(hideRouterHeaders(request))).toString('base64url')
    request.headers[header] = `${word}.${kept}.${request.method}.${hidden}`
  }

  function refuse(request: IncomingMessage, refusal: Refusal): void {
    keep(request, refusal)
    request.url = refusedTarget
    request.method = request.method === 'HEAD' ? 'HEAD' : 'GET'
  }

  subscribe('http.server.request.start', (message) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
    const { method = '', rawHeaders } = request
    const frontDoor = doorOf(request)
    if (typeof frontDoor === 'string') {
      limitBody(request, response, { maxBytes: 0, deadlineMs, reader: 'pages' })
      return refuse(request, frontDoor)
    }
    const target = frontDoor.targetOf(request.url)
    request.url = target
    // As on the Node host (P31); Next's server has no setting for it.
    request.socket.setKeepAlive(true, 30_000)
    const refusal = frontDoor.refusalOf({ method, target, rawHeaders })
    if (!frontDoor.isRemote(target)) {
      const maxBytes = frontDoor.maxBodyBytes({ method, target })
      limitBody(request, response, { maxBytes, deadlineMs, reader: 'pages' })
    }
    if (refusal) return refuse(request, refusal)
    const path = target.split('?', 1)[0] ?? ''
    if (frontDoor.isEndpoint(target)) {
      keep(request, target)
      if (!isKnown(method)) request.method = 'POST'
      const isRouted = frontDoor.root === '' && endpointsFile.test(path)
      if (!isRouted) request.url = refusedTarget
      return
    }
    if (frontDoor.isRemote(target)) {
      keep(request, target)
      if (!isCarried(request)) request.method = 'POST'
      const isRouted = frontDoor.root === '' && remotesFile.test(path)
      if (!isPlainPath(path) || !isRouted) request.url = plainTarget
      return
    }
    delete request.headers[header]
    if (isUnrepresentableMethod(method)) request.method = 'UNSUPPORTED'
  })
}

/** Takes them away from Next, and answers them. */
function hideRouterHeaders({ headers }: IncomingMessage): [string, string][] {
  const hidden: [string, string][] = []
  for (const [name, value] of Object.entries(headers)) {
    if (!/^(?:rsc|next-.*|x-nextjs-data)$/.test(name)) continue
    hidden.push([name, String(value)])
    delete headers[name]
  }
  return hidden
}

/** Whether a route handler can have it. */
function isKnown(method: string): boolean {
  return bodiless.has(method) || handled.has(method)
}

/** Whether a route handler gets the request with its method and its body. */
function isCarried({ method = '', headers }: IncomingMessage): boolean {
  if (!bodiless.has(method)) return isKnown(method)
  const length = headers['content-length'] ?? '0'
  return length === '0' && headers['transfer-encoding'] === undefined
}

export interface RawRequest {
  readonly method: string
  readonly target: string
  /** Headers that Next was not shown. */
  readonly hidden: readonly [string, string][]
}

/** Method and target as the client wrote them; undefined where Next runs in a server that is not ours. */
export function rawRequestOf(headers: Headers): RawRequest | undefined {
  const { value: target, method, hidden = [] } = keptIn(headers) ?? {}
  return target?.startsWith('/') && method ? { method, target, hidden } : undefined
}

/** Why the request is not let in, if it is not. */
export function refusalIn(headers: Headers): Refusal | undefined {
  const kept = keptIn(headers)
  return !kept || kept.value.startsWith('/') ? undefined : (kept.value as Refusal)
}

function keptIn(headers: Headers) {
  const [word, kept = '', method = '', rest = ''] = headers.get(header)?.split('.', 4) ?? []
  if (word === undefined || word !== known.get()) return undefined
  const hidden: [string, string][] = JSON.parse(Buffer.from(rest, 'base64url').toString())
  return { value: Buffer.from(kept, 'base64url').toString('latin1'), method, hidden }
}

/** Not for an API's eyes. */
export function isRawTargetHeader(name: string): boolean {
  return name === header
}
