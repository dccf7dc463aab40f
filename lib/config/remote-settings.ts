import { isLoopback } from '../http/loopback.ts'
import { clientCertificate } from './client-certificate.ts'
import { cookieNames } from './cookie-names.ts'
import { isToken, parseHeaderName, parseHeaderValue } from './header-name.ts'
import { checkRemoteToken, type TokenContext } from './remote-token.ts'
import type { Report } from './report.ts'
import type { ParsedRemote } from './schema.ts'
import type { RemoteSettings } from './settings.ts'
import { parseWebAddress } from './web-address.ts'

/** One entry of `remotes`. */
export function remoteSettings(
  name: string,
  config: ParsedRemote,
  context: Omit<TokenContext, 'setting'> & { publicOrigin: string; cookieName: string },
): RemoteSettings {
  const { report } = context
  const setting = `remotes.${name}`
  checkRemoteToken(config, { ...context, setting })
  const target = remoteTarget(setting, config, context.publicOrigin, report)
  const { timeout, connectTimeout, maxBody, methods, tls, ...rest } = config
  const certificate = tls && clientCertificate(`${setting}.tls`, tls, report)
  return {
    ...rest,
    name,
    target,
    ...(methods ? { methods: allowedMethods(setting, methods, report) } : {}),
    idleTimeoutMs: Math.round(timeout * 1000),
    connectTimeoutMs: Math.round(connectTimeout * 1000),
    ...(certificate && { tls: certificate }),
    ...(maxBody === undefined ? {} : { maxBodyBytes: maxBody }),
    setCookie: cookieNames(`${setting}.setCookie`, config.setCookie, context),
    cookies: cookieNames(`${setting}.cookies`, config.cookies, context),
    headers: {
      add: addedHeaders(setting, config.headers.add, report),
      remove: headerNames(`${setting}.headers.remove`, config.headers.remove, report),
      expose: headerNames(`${setting}.headers.expose`, config.headers.expose, report),
    },
  }
}

function remoteTarget(
  setting: string,
  config: ParsedRemote,
  publicOrigin: string,
  report: Report,
): string {
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
  if (origin === publicOrigin && /^\/api\/remote(\/|$)/.test(pathname)) {
    report.problem(`${setting}.target`, 'is this proxy itself', "give the API's own address")
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
      report.problem(`${setting}.methods[${index}]`, 'is no method to forward', fix)
    }
  }
  return [...new Set(known)]
}

function addedHeaders(
  setting: string,
  headers: Readonly<Record<string, string>>,
  report: Report,
): Readonly<Record<string, string>> {
  const added: Record<string, string> = {}
  for (const [header, text] of Object.entries(headers)) {
    const name = parseHeaderName(header)
    const value = parseHeaderValue(text)
    const where = `${setting}.headers.add.${header}`
    if (!name.ok) report.problem(where, name.problem, name.fix)
    else if (!value.ok) report.problem(where, value.problem, value.fix)
    else if (Object.hasOwn(added, name.value)) report.problem(where, 'is there twice', 'keep one')
    else added[name.value] = value.value
  }
  return added
}

function headerNames(setting: string, names: readonly string[], report: Report): string[] {
  return names.flatMap((header, index) => {
    const name = parseHeaderName(header)
    if (!name.ok) {
      report.problem(`${setting}[${index}]`, name.problem, name.fix)
    }
    return name.ok ? [name.value] : []
  })
}
