import type { RemoteSettings } from '../config/remote.ts'
import type { Outgoing } from '../http/outgoing.ts'
import type { ApiCookieHolder } from '../session/api-cookie-holder.ts'
import { type ApiCookies, createApiCookies } from './api-cookies.ts'
import {
  type ChooseToken,
  createChooseToken,
  needsSession,
  type TokenSources,
} from './choose-token.ts'
import type { RemotePlace } from './location.ts'
import { createRequestHeaders, type RequestHead } from './request-headers.ts'
import { createResponseHeaders, type ResponseHeaders } from './response-headers.ts'
import { createUpstream, type Upstream } from './upstream.ts'

/** One remote API with everything about it that no request changes worked out beforehand. */
export interface ReadyRemote {
  readonly settings: RemoteSettings
  readonly place: RemotePlace
  readonly upstream: Upstream
  /** The same for WebSockets, which need HTTP/1.1. */
  readonly socketUpstream: Upstream
  readonly needsSession: boolean
  readonly chooseToken: ChooseToken
  readonly readHeaders: (rawHeaders: readonly string[]) => RequestHead
  readonly answerHeaders: ResponseHeaders
  /** Undefined where none travel. */
  readonly cookies: ApiCookies | undefined
  /** Flat list of what every request to this API gets. */
  readonly addedHeaders: readonly string[]
  /** An `Authorization` by setting: for calls that carry no token. */
  readonly addedAuthorization: string | undefined
  allows(method: string): boolean
  /** For `Allow`. */
  readonly allow: string
}

export interface PrepareRemoteDeps extends TokenSources {
  readonly publicOrigin: string
  readonly cookieHolder: ApiCookieHolder
  readonly varyByOrigin: boolean
  readonly now: () => number
  readonly outgoing: Pick<Outgoing, 'connect'>
}

const everyMethod = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
// TRACE would show the token that we added; CONNECT makes a tunnel.
const neverMethods = new Set(['TRACE', 'TRACK', 'CONNECT'])
// Framing and routing are not for a setting to change.
const neverAdded =
  /^(?:connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade|cookie)$/

export function prepareRemote(settings: RemoteSettings, deps: PrepareRemoteDeps): ReadyRemote {
  const target = new URL(settings.target)
  const place: RemotePlace = {
    origin: target.origin,
    prefix: target.pathname === '/' ? '' : target.pathname.replace(/\/$/, ''),
    publicPrefix: settings.path,
    publicOrigin: deps.publicOrigin,
  }
  const added = Object.entries(settings.headers.add)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !neverAdded.test(name))
  const methods = settings.methods && withHead(settings.methods)
  const { cookieHolder: holder } = deps
  const { cookies: names } = settings
  const upstream = createUpstream(settings, deps)
  const needsOther = settings.websocket && settings.http2

  return {
    settings,
    place,
    upstream,
    socketUpstream: needsOther ? createUpstream({ ...settings, http2: false }, deps) : upstream,
    needsSession: needsSession(settings),
    chooseToken: createChooseToken(settings, deps),
    readHeaders: createRequestHeaders({
      remove: [...settings.headers.remove, ...added.map(([name]) => name)],
      methodsAreLimited: methods !== undefined,
      lowerCaseNames: settings.http2,
    }),
    cookies: names.length > 0 ? createApiCookies({ names, place, holder }) : undefined,
    answerHeaders: createResponseHeaders({
      place,
      cache: settings.cache,
      setCookie: settings.setCookie.filter((name) => !settings.cookies.includes(name)),
      expose: settings.headers.expose,
      varyByOrigin: deps.varyByOrigin,
    }),
    addedHeaders: [
      ...(settings.forwarded === 'all' ? forwardedHeaders(place) : []),
      ...['via', '1.1 cloakroom'],
      ...added.filter(([name]) => name !== 'authorization').flat(),
    ],
    addedAuthorization: added.find(([name]) => name === 'authorization')?.[1],
    allows: (method) => (methods ? methods.has(method) : !neverMethods.has(method)),
    allow: methods ? [...methods].join(', ') : everyMethod.join(', '),
  }
}

/** How the browser sees what it asks for; its address differs from call to call. */
function forwardedHeaders({ publicOrigin, publicPrefix }: RemotePlace): string[] {
  const { protocol, host, port } = new URL(publicOrigin)
  return [
    ...['x-forwarded-host', host],
    ...['x-forwarded-port', port || (protocol === 'https:' ? '443' : '80')],
    ...['x-forwarded-proto', protocol.slice(0, -1)],
    ...['x-forwarded-prefix', publicPrefix],
  ]
}

/** RFC 9110 section 9.3.2: HEAD is GET without the content, so it may go where GET may. */
function withHead(methods: readonly string[]): Set<string> {
  const all = methods.includes('GET') ? ['GET', 'HEAD', ...methods] : methods
  return new Set(all.filter((method) => !neverMethods.has(method)))
}
