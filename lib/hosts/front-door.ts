import type { IncomingMessage } from 'node:http'
import type { Settings } from '../config/settings.ts'
import type { ProblemCode } from '../http/problem.ts'
import type { RawRequest } from '../http/raw-request.ts'
import type { Remote } from '../remote/remote.ts'
import { createHostRule } from './loopback-host.ts'
import { endsHere } from './max-forwards.ts'
import { isAbsoluteForm, originForm } from './origin-form.ts'
import { isPagePath } from './page-path.ts'
import { isDecodablePath, isUnrepresentableMethod } from './unrepresentable.ts'

/**
 * Why a request is not let in; or what it asks that is answered here: what pages take (`options`), or what
 * stands at the end of a way that is no longer (`max-forwards`).
 */
export type Refusal = ProblemCode | 'options' | 'max-forwards'

export interface FrontDoor {
  /** Of a frontend that lives at a path: what all its paths begin with. */
  readonly root: string
  /** Looks at a request before anything routes it, the same on every host. */
  refusalOf(head: RawRequest): Refusal | undefined
  /** The request-target in origin-form, where it can be had: what all the rest goes by. */
  targetOf(target: string | undefined): string
  /** Whether a target is an endpoint's. */
  isEndpoint(target: string): boolean
  /** Whether a target is a remote API's. */
  isRemote(target: string): boolean
  /** Bytes that the body of a request may have that is not for a remote. */
  maxBodyBytes(head: Pick<RawRequest, 'method' | 'target'>): number
}

export interface FrontDoorDeps {
  readonly settings: Pick<Settings, 'publicOrigin' | 'root' | 'basePath' | 'spa'>
  /** Whether a path is an endpoint's. */
  readonly handlesPath: (path: string) => boolean
  readonly remote: Pick<Remote, 'handles'>
  /** Whether the server is about to end. */
  readonly isDraining: () => boolean
}

/** What pages take. POST is for server actions; the app's own route handlers below `/api/` choose. */
export const pageMethods = 'GET, HEAD, OPTIONS, POST'

const methodsOfPages = new Set(pageMethods.split(', '))
// The endpoints' bodies are small forms, and where none is expected none has to be taken.
const smallBodyBytes = 64 * 1024

export function createFrontDoor(deps: FrontDoorDeps): FrontDoor {
  const { settings, handlesPath, isDraining } = deps
  const isRemote = deps.remote.handles
  const allowsHost = createHostRule(settings.publicOrigin)
  // They read no cookie, and their callers have names of their own for us.
  const anyHost = new Set(
    ['/health/live', '/health/ready', '/backchannel'].map((path) => settings.basePath + path),
  )
  const isOurs = (path: string) => isRemote(path) || handlesPath(path)

  function maxBodyBytes({ method, target }: Pick<RawRequest, 'method' | 'target'>): number {
    const path = pathOf(target)
    const takesBody = !handlesPath(path) && (method === 'POST' || isRouteHandler(path))
    return takesBody ? settings.spa.pageMaxBodyBytes : smallBodyBytes
  }

  return {
    root: settings.root,
    maxBodyBytes,
    isEndpoint: (target) => handlesPath(pathOf(target)),
    isRemote,
    targetOf: (target = '/') => originForm(target, settings.publicOrigin),
    refusalOf(head) {
      const { method, target, rawHeaders } = head
      const path = pathOf(target)
      const hosts = valuesOf(rawHeaders, 'host')
      // RFC 9112 section 3.2: two of them are 400, since the next reader might believe the other one.
      if (hosts.length > 1) return 'bad_request'
      const mayBeAny = anyHost.has(path.replace(/\/$/, '')) || asksForMethods(method, path)
      if (!mayBeAny && !allowsHost(hosts[0])) return 'misdirected_request'
      // The proxy's own gate judges these.
      if (isRemote(target)) {
        return method === 'OPTIONS' && endsHere(rawHeaders) ? 'max-forwards' : undefined
      }
      // RFC 9110 section 9.3.7: it asks for the whole server. HAProxy can, to see whether it is well.
      if (target === '*' && method === 'OPTIONS') return answerToOptions()
      if (!target.startsWith('/')) {
        return isAbsoluteForm(target) ? 'misdirected_request' : 'bad_request'
      }
      const length = Number(valuesOf(rawHeaders, 'content-length')[0] ?? 0)
      if (length > maxBodyBytes(head)) return 'body_too_large'
      if (!handlesPath(path)) return refusalOfPage(method, path)
      return isUnrepresentableMethod(method) ? 'bad_request' : undefined
    },
  }

  /** OPTIONS of a page is answered here, the same to everybody; HAProxy's check has no `Host` by default. */
  function asksForMethods(method: string, path: string): boolean {
    return method === 'OPTIONS' && !isOurs(path) && !isRouteHandler(path)
  }

  /** Where a balancer asks by it for health (HAProxy's default check), the answer may be no (A17). */
  function answerToOptions(): Refusal {
    return isDraining() ? 'shutting_down' : 'options'
  }

  function refusalOfPage(method: string, path: string): Refusal | undefined {
    if (!isPagePath(path, isOurs)) return 'bad_path'
    // Frameworks fail on it.
    if (!isDecodablePath(path)) return 'bad_request'
    if (isUnrepresentableMethod(method)) return 'method_not_allowed'
    if (isRouteHandler(path)) return undefined
    if (method === 'OPTIONS') return answerToOptions()
    return methodsOfPages.has(method) ? undefined : 'method_not_allowed'
  }
}

/** Of a Node server's request. Its address is in origin-form from here on. */
export function headOf(request: IncomingMessage, { targetOf }: FrontDoor): RawRequest {
  const { method = 'GET', rawHeaders } = request
  request.url = targetOf(request.url)
  return { method, target: request.url, rawHeaders }
}

/** Not a page but code of the app's own, as Next has it. */
function isRouteHandler(path: string): boolean {
  return path.startsWith('/api/')
}

function pathOf(target: string): string {
  const mark = target.indexOf('?')
  return mark < 0 ? target : target.slice(0, mark)
}

function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const written = rawHeaders[i] as string
    if (written.length === name.length && written.toLowerCase() === name) {
      values.push(rawHeaders[i + 1] as string)
    }
  }
  return values
}
