import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
// What is published says types of undici's index only.
import type { Agent, Client, buildConnector as Connector, Dispatcher, Pool } from 'undici'
import buildConnector from 'undici/lib/core/connect.js'
import AgentClass from 'undici/lib/dispatcher/agent.js'
import ClientClass from 'undici/lib/dispatcher/client.js'
import Dispatcher1Wrapper from 'undici/lib/dispatcher/dispatcher1-wrapper.js'
import PoolClass from 'undici/lib/dispatcher/pool.js'
import { isLoopback } from './loopback.ts'
import { parseNoProxy } from './no-proxy.ts'
import { createPlainFetch } from './plain-fetch.ts'
import { openTunnel } from './tunnel.ts'

export type { Client, Dispatcher } from 'undici'

/** What a server knows us by (mutual TLS), both in PEM. */
export interface ClientCertificate {
  readonly cert: string
  readonly key: string
}

export interface OutgoingSettings {
  /** In PEM: authorities that are believed besides those that Node believes. */
  readonly ca?: string
  /** For `https:` targets, but for loopback and what `noProxy` names. */
  readonly proxy?: { readonly url: string; readonly noProxy: string }
}

/** Opens a connection for undici. */
export type Connect = Connector.connector

export interface ConnectOptions {
  readonly timeout: number
  readonly allowH2: boolean
  readonly certificate?: ClientCertificate | undefined
}

/** The way out to the provider and to the APIs: whom we trust, as whom we come, and by which road. */
export interface Outgoing {
  connect(options: ConnectOptions): Connect
  /** A `fetch` that goes this way. `certificateFor` is asked with the origin of each new connection. */
  fetch(certificateFor?: CertificateFor): typeof fetch
  /** A `fetch` for short texts both ways, at a third of the price (`createPlainFetch`). */
  plainFetch(certificateFor?: CertificateFor): typeof fetch
  /**
   * A GET whose headers are those that it is given, as a browser sends when somebody navigates: `fetch`
   * says `Sec-Fetch-Mode: cors`, whatever it is told. Otherwise as `plainFetch`.
   */
  navigate(certificateFor?: CertificateFor): Navigate
}

type CertificateFor = (origin: string) => ClientCertificate | undefined

export type Navigate = (
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
) => Promise<Response>

export function createOutgoing({ ca, proxy }: OutgoingSettings): Outgoing {
  const road = proxy && { url: new URL(proxy.url), noProxy: parseNoProxy(proxy.noProxy) }
  // Once for all connections: reading the whole list of authorities takes milliseconds.
  const secureContext = contextOf(ca, undefined)

  function connect({ timeout, allowH2, certificate }: ConnectOptions): Connect {
    const context = certificate ? contextOf(ca, certificate) : secureContext
    const dial = buildConnector({ timeout, allowH2, ...(context && { secureContext: context }) })
    if (!road) return dial
    return (target, callback) => {
      const { hostname, protocol } = target
      const port = target.port || '443'
      if (protocol !== 'https:' || isNear(hostname) || road.noProxy.includes(hostname, port)) {
        return dial(target, callback)
      }
      const authority = `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`
      openTunnel({ proxy: road.url, authority, timeoutMs: timeout, secureContext }).then(
        (httpSocket) => dial({ ...target, httpSocket }, callback),
        (error: Error) => callback(error, null),
      )
    }
  }

  function agentFor(certificateFor: CertificateFor): Agent {
    const ways = new Map<ClientCertificate | undefined, Connect>()
    const wayFor: Connect = (target, callback) => {
      const certificate = certificateFor(`${target.protocol}//${target.host}`)
      let way = ways.get(certificate)
      if (!way) {
        way = connect({ timeout: fetchConnectMs, allowH2: false, certificate })
        ways.set(certificate, way)
      }
      way(target, callback)
    }
    return new AgentClass({ connect: wayFor, allowH2: false })
  }

  return {
    connect,
    navigate(certificateFor) {
      const ask = this.plainFetch(certificateFor)
      return (url, headers, signal) => ask(url, { headers, signal })
    },
    plainFetch: (certificateFor = () => undefined) => createPlainFetch(agentFor(certificateFor)),
    fetch(certificateFor = () => undefined) {
      // The global `fetch` is of another undici, which may be older than this one.
      const dispatcher = new Dispatcher1Wrapper(agentFor(certificateFor))
      // What a framework does to the global fetch must not keep a user's answer.
      return (input, init) =>
        fetch(input, { cache: 'no-store', ...init, dispatcher } as RequestInit)
    },
  }
}

const fetchConnectMs = 10_000

type Way = { readonly connect: Connect }

/** One connection to one origin. */
export function openClient(origin: string, options: Client.Options & Way): Client {
  return new ClientClass(origin, options)
}

/** As many connections to one origin as are needed. */
export function openPool(origin: string, options: Pool.Options & Way): Dispatcher {
  return new PoolClass(origin, options)
}

/** Undici writes `::1` without its brackets. */
function isNear(hostname: string): boolean {
  return hostname === '::1' || isLoopback(hostname)
}

function contextOf(
  ca: string | undefined,
  certificate: ClientCertificate | undefined,
): SecureContext | undefined {
  if (ca === undefined && certificate === undefined) return undefined
  return createSecureContext({
    ...(ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] }),
    ...certificate,
  })
}
