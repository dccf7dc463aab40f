import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiToken } from './api-token.ts'
import { demoAcr } from './provider-config.ts'

/** One call to the API, its token checked. */
export interface ApiCall {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  readonly token: Extract<ApiToken, { kind: 'valid' }> | undefined
}

export type ApiRoute = (call: ApiCall) => Promise<void> | void

const orders = [
  { id: 'A-1001', item: 'Umbrella, black', quantity: 1, total: '24.00 EUR' },
  { id: 'A-1002', item: 'Scarf, wool', quantity: 2, total: '58.00 EUR' },
  { id: 'A-1003', item: 'Coat hanger, oak', quantity: 6, total: '42.00 EUR' },
]

/** Routes that need a token of the demo's audience. */
export const guardedRoutes: Record<string, ApiRoute> = {
  '/orders': (call) => sendJson(call, 200, { orders, received: describe(call) }),
  '/orders/echo': echo,
  '/orders/stream': stream,
  '/orders/slow': slow,
  '/orders/download': download,
  '/orders/upload': upload,
  '/orders/step-up': stepUp,
}

export const openRoutes: Record<string, ApiRoute> = {
  '/': (call) => sendJson(call, 200, { name: 'demo API', routes: Object.keys(guardedRoutes) }),
  '/public/news': news,
}

function news(call: ApiCall): void {
  const headlines = ['Cloakroom opens its doors', 'Umbrellas: a quarter forgotten every week']
  sendJson(call, 200, { headlines, received: describe(call) })
}

async function echo(call: ApiCall): Promise<void> {
  const body = await digest(call.request)
  const query = [...call.url.searchParams]
  sendJson(call, 200, { ...describe(call), query, body })
}

/** Server-sent events, one a second, until the client goes or `count` is reached. */
async function stream({ response, url }: ApiCall): Promise<void> {
  const count = Number(url.searchParams.get('count') ?? Infinity)
  const pauseMs = Number(url.searchParams.get('ms') ?? 1000)
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  for (let sent = 1; sent <= count && !response.destroyed; sent += 1) {
    response.write(
      `id: ${sent}\ndata: ${JSON.stringify({ sent, at: new Date().toISOString() })}\n\n`,
    )
    if (sent < count) await sleep(pauseMs)
  }
  response.end()
}

async function slow(call: ApiCall): Promise<void> {
  const ms = Math.min(Number(call.url.searchParams.get('ms') ?? 1000) || 0, 600_000)
  await sleep(ms)
  sendJson(call, 200, { waitedMs: ms })
}

/** `?bytes=`: the bytes of `demoBytes`, with back-pressure. */
async function download({ response, url }: ApiCall): Promise<void> {
  const bytes = Number(url.searchParams.get('bytes') ?? 1024) || 0
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': String(bytes),
  })
  await pipeline(Readable.from(demoBytes(bytes)), response).catch(() => response.destroy())
}

async function upload(call: ApiCall): Promise<void> {
  sendJson(call, 200, await digest(call.request))
}

/** RFC 9470: asks for the stronger sign-in, or for one that is at most `?max_age=` seconds old. */
function stepUp(call: ApiCall): void {
  const { acr, auth_time } = call.token?.claims ?? {}
  const maxAge = call.url.searchParams.get('max_age')
  const ageSeconds = Date.now() / 1000 - Number(auth_time ?? 0)
  const tooOld = maxAge !== null && ageSeconds > Number(maxAge)
  const tooWeak = maxAge === null && acr !== demoAcr.double
  if (tooOld) challenge(call, `max_age="${Number(maxAge)}"`)
  else if (tooWeak) challenge(call, `acr_values="${demoAcr.double}"`)
  else sendJson(call, 200, { allowed: true, acr, auth_time })
}

function challenge(call: ApiCall, parameters: string): void {
  call.response.setHeader(
    'www-authenticate',
    `Bearer error="insufficient_user_authentication", error_description="A different sign-in is needed", ${parameters}`,
  )
  sendJson(call, 401, { error: 'insufficient_user_authentication' })
}

/** Deterministic bytes, in pieces of at most 64 KiB: byte `i` of every piece is `i * 31 % 251`. */
export function* demoBytes(length: number): Generator<Buffer> {
  const piece = Buffer.from(Uint8Array.from({ length: 65_536 }, (_, index) => (index * 31) % 251))
  for (let left = length; left > 0; left -= piece.length) {
    yield left < piece.length ? piece.subarray(0, left) : piece
  }
}

/** What arrived. The token shows as its claims, never as itself. */
function describe({ request, token }: ApiCall) {
  const { authorization, dpop, ...headers } = request.headers
  return {
    method: request.method,
    path: request.url,
    headers,
    cookie: headers.cookie ?? null,
    token: token ? { scheme: token.scheme, ...publicClaims(token.claims) } : null,
  }
}

function publicClaims(claims: Record<string, unknown>) {
  const { sub, aud, scope, client_id, acr, auth_time, exp } = claims
  return { sub, aud, scope, client_id, acr, auth_time, exp }
}

async function digest(request: IncomingMessage) {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of request) {
    hash.update(chunk as Buffer)
    bytes += (chunk as Buffer).length
  }
  return { bytes, sha256: hash.digest('hex') }
}

export function sendJson({ response }: Pick<ApiCall, 'response'>, status: number, body: object) {
  const text = JSON.stringify(body, undefined, 2)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
  })
  response.end(text)
}
