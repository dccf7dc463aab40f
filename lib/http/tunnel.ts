import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import type { Socket } from 'node:net'
import type { SecureContext } from 'node:tls'

export interface TunnelOptions {
  readonly proxy: URL
  /** Host and port, as a URL writes them. */
  readonly authority: string
  readonly timeoutMs: number
  /** For a proxy that is itself reached by TLS. */
  readonly secureContext: SecureContext | undefined
}

/** The proxy was reached and opens no way. */
class ProxyRefusedError extends Error {
  readonly code = 'PROXY_REFUSED'
  readonly status: number
  constructor(status: number) {
    super(`the proxy of HTTPS_PROXY answered ${status}`)
    this.name = 'ProxyRefusedError'
    this.status = status
  }
}

/** Asks a proxy for a way to a server (RFC 9110 section 9.3.6): bytes, of which it understands nothing. */
export function openTunnel(options: TunnelOptions): Promise<Socket> {
  const { proxy, authority, timeoutMs, secureContext } = options
  const isSecure = proxy.protocol === 'https:'
  return new Promise((resolve, reject) => {
    const request = (isSecure ? requestSecure : requestPlain)({
      method: 'CONNECT',
      host: proxy.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: proxy.port || (isSecure ? 443 : 80),
      path: authority,
      headers: { host: authority, ...credentials(proxy) },
      agent: false,
      ...(isSecure && secureContext ? { secureContext } : {}),
    })
    const timer = setTimeout(() => request.destroy(new ProxyTimeoutError()), timeoutMs)
    request.once('error', fail)
    request.once('connect', ({ statusCode = 0 }, socket, head) => {
      clearTimeout(timer)
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy()
        return fail(new ProxyRefusedError(statusCode))
      }
      if (head.length > 0) socket.unshift(head)
      resolve(socket as Socket)
    })
    request.end()

    function fail(error: Error): void {
      clearTimeout(timer)
      reject(error)
    }
  })
}

class ProxyTimeoutError extends Error {
  readonly code = 'ETIMEDOUT'
  constructor() {
    super('the proxy of HTTPS_PROXY did not answer in time')
    this.name = 'ProxyTimeoutError'
  }
}

function credentials({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(text).toString('base64')}` }
}
