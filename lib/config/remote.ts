import * as z from 'zod'
import { given } from '../http/given.ts'
import { isLoopback } from '../http/loopback.ts'
import type { ClientCertificate } from '../http/outgoing.ts'
import { clientCertificate, tls } from './client-certificate.ts'
import { cookieNames } from './cookie-names.ts'
import { isToken } from './header-name.ts'
import { parsePath } from './paths.ts'
import { headers, type RemoteHeaders, remoteHeaders } from './remote-headers.ts'
import { publicPathOf } from './remote-paths.ts'
import { checkRemoteToken, remoteToken, type TokenContext } from './remote-token.ts'
import type { Report } from './report.ts'
import { byteSize, duration, flag, leaf, text, textList } from './schema-leaf.ts'
import { parseWebAddress } from './web-address.ts'

export const remote = z.strictObject({
  /**
   * Required. Where the calls go: an origin and, if wanted, a path prefix that they cannot leave.
   * `http:` is accepted for internal networks, with a note in the log.
   */
  target: text(),
  /**
   * Where the API lies for the browser, such as `/todos`, and nowhere else; of two that lie in one another the longer
   * one wins. On the Next host not on Vercel.
   * @default '/api/remote/<name>'
   */
  path: leaf<string>(parsePath).exactOptional(),
  ...remoteToken.shape,
  /** Methods that may be called, in any case. Others get 405. Every method when left out. */
  methods: textList().exactOptional(),
  /**
   * Idle time on the connection to the API after which a call is given up with 504. Not a total: a
   * stream may last as long as something moves. More than `0s`, at most `1d`.
   */
  timeout: duration({ from: 0.001, to: '1d' }).prefault('100s'),
  /** Time for connecting to the API. More than `0s`, at most `5m`. */
  connectTimeout: duration({ from: 0.001, to: '5m' }).prefault('5s'),
  /** Largest request body, in bytes or as `'512KB'`, `'10MB'`, `'1GB'`. More is a 413. No limit when left out. */
  maxBody: byteSize().exactOptional(),
  /** Names of cookies of the API that reach the browser, where they become cookies of the app's origin. */
  setCookie: textList().prefault([]),
  /**
   * Names of cookies that travel to this API and back: for CSRF pairs, stickiness, a language. In the browser they
   * are the app's cookies, below the remote's `path` unless their `Path` is `/`; a sign-out, and the sign-in of
   * somebody else, delete them. One name in one remote, at most 6 in all, and short enough together for the head of
   * a sign-out: about 20 characters each.
   */
  cookies: textList().prefault([]),
  /**
   * `no-store` marks every answer as not to be stored; `private` lets `Cache-Control: private` and `ETag`
   * through to the browser's own cache.
   */
  cache: z.enum(['no-store', 'private']).prefault('no-store'),
  /**
   * `all` tells the API by `X-Forwarded-For`, `-Host`, `-Port`, `-Proto` and `-Prefix` what the browser asked;
   * `none` tells it nothing, for an API that makes a mess of them.
   */
  forwarded: z.enum(['all', 'none']).prefault('all'),
  /**
   * Let pages load answers as scripts and workers (`<script src>`, `import()`, `new Worker()`), which are 403
   * otherwise: what somebody uploaded to the API would run as a script of the app.
   */
  scripts: flag(false),
  /** Headers on their way to the API, and back. */
  headers: headers.prefault({}),
  /** Speak HTTP/2 with the API, where it offers that. Needs an `https:` target. */
  http2: flag(false),
  /** Let WebSocket upgrades through (Node host only). */
  websocket: flag(false),
  /** Client certificate for the API (mutual TLS): two PEM files, read at the start. Needs an `https:` target. */
  tls: tls.exactOptional(),
})

type Given = z.output<typeof remote>

export interface RemoteSettings
  extends Readonly<Omit<Given, 'path' | 'timeout' | 'connectTimeout' | 'maxBody' | 'tls'>> {
  readonly name: string
  /** Where it lies for the browser, without a trailing slash. */
  readonly path: string
  /** Origin and path prefix, without a trailing slash. */
  readonly target: string
  /** Upper case; undefined allows every method. */
  readonly methods?: readonly string[]
  readonly idleTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly maxBodyBytes?: number
  readonly headers: RemoteHeaders
  /** Shown to the API on every connection. */
  readonly tls?: ClientCertificate
}

/** One entry of `remotes`. */
export function remoteSettings(
  name: string,
  config: Given,
  context: Omit<TokenContext, 'setting'> & { cookieName: string; root: string },
): RemoteSettings {
  const { report } = context
  const setting = `remotes.${name}`
  checkRemoteToken(config, { ...context, setting })
  const target = remoteTarget(setting, config, report)
  const { timeout, connectTimeout, maxBody, methods, tls: pair, ...rest } = config
  const certificate = pair && clientCertificate(`${setting}.tls`, pair, report)
  return {
    ...rest,
    name,
    path: publicPathOf(name, config.path, context.root),
    target,
    ...(methods ? { methods: allowedMethods(setting, methods, report) } : {}),
    idleTimeoutMs: Math.round(timeout * 1000),
    connectTimeoutMs: Math.round(connectTimeout * 1000),
    ...(certificate && { tls: certificate }),
    ...given({ maxBodyBytes: maxBody }),
    setCookie: cookieNames(`${setting}.setCookie`, config.setCookie, context),
    cookies: cookieNames(`${setting}.cookies`, config.cookies, context),
    headers: remoteHeaders(`${setting}.headers`, config.headers, report),
  }
}

function remoteTarget(setting: string, config: Given, report: Report): string {
  const address = parseWebAddress(config.target, 'anywhere')
  if (!address.ok) {
    report.problem(`${setting}.target`, address.problem, address.fix)
    return ''
  }
  const { origin, hostname, pathname, protocol } = address.value
  if (/\/\/|[\\;]|%(2e|2f|5c|00)/i.test(pathname)) {
    report.problem(`${setting}.target`, 'has a path that servers read differently', 'simplify it')
  }
  if (protocol === 'http:') {
    if (!isLoopback(hostname)) {
      report.note(`${setting}.target is plain http: tokens travel unencrypted.`)
    }
    if (config.tls) report.problem(`${setting}.tls`, 'needs an https target', 'take it out')
    if (config.http2) report.problem(`${setting}.http2`, 'needs an https target', 'take it out')
  }
  return origin + pathname.replace(/\/$/, '')
}

function allowedMethods(setting: string, methods: readonly string[], report: Report): string[] {
  const known = methods.map((method) => method.toUpperCase())
  if (known.length === 0) {
    report.problem(`${setting}.methods`, 'is empty', 'list methods, or leave it out to allow all')
  }
  for (const [index, method] of known.entries()) {
    if (!isToken(method) || method === 'CONNECT' || method === 'TRACE') {
      const fix = 'use GET, POST and the like; CONNECT and TRACE are never forwarded'
      report.problem(`${setting}.methods[${index}]`, 'is not a valid method to forward', fix)
    }
  }
  return [...new Set(known)]
}
