import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { JWTPayload } from 'jose'
import { guardedRoutes, openRoutes, sendJson } from './api-routes.ts'
import { createTokenCheck } from './api-token.ts'
import { demoApiResource } from './provider-config.ts'

export interface DemoApiOptions {
  /** Whose access tokens are accepted. */
  issuer: string
  /** @default 0, a free one */
  port?: number
  /** Address to listen on. @default '127.0.0.1' */
  host?: string
  /** `aud` of the tokens. @default the resource that the demo provider gives tokens for */
  audience?: string
}

/** One call as the API saw it. */
export interface ReceivedCall {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly claims: JWTPayload | undefined
}

export interface DemoApi {
  readonly url: string
  /** The latest thousand, oldest first. */
  readonly received: ReceivedCall[]
  close(): Promise<void>
}

/** An API that knows nothing of browsers: it wants a bearer token and sends no CORS header. */
export async function startDemoApi(options: DemoApiOptions): Promise<DemoApi> {
  const received: ReceivedCall[] = []
  const audience = options.audience ?? demoApiResource
  const checkToken = createTokenCheck({ issuer: options.issuer, audience })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://api.invalid')
    const token = await checkToken(request)
    const valid = token.kind === 'valid' ? token : undefined
    received.push({
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: request.headers,
      claims: valid?.claims,
    })
    if (received.length > 1000) received.shift()

    const call = { request, response, url, token: valid }
    const open = openRoutes[url.pathname]
    if (open) return open(call)
    const guarded = guardedRoutes[url.pathname]
    if (!guarded) return sendJson(call, 404, { error: 'not_found' })
    if (valid) return guarded(call)
    // RFC 6750 section 3.1: no error code when no token came.
    const error = token.kind === 'invalid' ? ' error="invalid_token"' : ''
    response.setHeader('www-authenticate', `Bearer realm="demo"${error}`)
    sendJson(call, 401, { error: token.kind === 'invalid' ? token.reason : 'a token is needed' })
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo

  return {
    url: `http://localhost:${port}`,
    received,
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
