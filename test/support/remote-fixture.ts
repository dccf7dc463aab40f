import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import {
  type AddressInfo,
  connect,
  createServer as createNetServer,
  type Server as NetServer,
  type Socket,
} from 'node:net'
import type { RemoteSettings } from '#lib/config/settings.ts'
import { createNodeRemote } from '#lib/hosts/node-remote.ts'
import { createRemote, type Remote, type RemoteDeps } from '#lib/remote/remote.ts'
import type { Session } from '#lib/session/session.ts'
import type { LogEvent, LogFields } from '#lib/telemetry/log.ts'

/** What `loadSettings` makes of `{ target }`. */
export function remoteSettings(
  settings: Partial<RemoteSettings> & { target: string },
): RemoteSettings {
  return {
    name: 'api',
    token: 'user',
    idleTimeoutMs: 30_000,
    connectTimeoutMs: 5000,
    setCookie: [],
    cache: 'no-store',
    headers: { add: {}, remove: [] },
    dpop: false,
    http2: false,
    websocket: false,
    ...settings,
  }
}

/** A session as the store would answer it. */
export function sessionOf(sub: string): Session {
  return {
    key: `session:${sub}`,
    version: 1,
    expiresAt: Number.MAX_SAFE_INTEGER,
    record: {
      issuer: 'https://op.example',
      clientId: 'spa',
      sub,
      handle: 'h',
      claims: { sub },
      createdAt: 0,
      absoluteAt: Number.MAX_SAFE_INTEGER,
      accessTokens: {},
    },
  }
}

export interface RecordedEvent {
  event: LogEvent
  fields: Record<string, unknown>
}

export interface RemoteFixture {
  readonly remote: Remote
  readonly server: Server
  readonly port: number
  readonly events: RecordedEvent[]
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>
  close(): Promise<void>
}

export interface RemoteFixtureOptions extends Partial<Omit<RemoteDeps, 'settings' | 'log'>> {
  remotes: (Partial<RemoteSettings> & { target: string })[]
  publicOrigin?: string
  origins?: string[]
  trustProxy?: RemoteDeps['settings']['trustProxy']
}

/** The cookie that the fixture takes for a session: `sid=<sub>`. */
export const signedIn = 'sid=alice'
/** What a browser sends along with a same-origin fetch. */
export const browserHeaders = { 'sec-fetch-site': 'same-origin', cookie: signedIn }

/** The proxy on a plain Node server, with stand-ins for session and tokens. */
export async function startRemote(options: RemoteFixtureOptions): Promise<RemoteFixture> {
  const { remotes, publicOrigin, origins, trustProxy, ...deps } = options
  const events: RecordedEvent[] = []
  const remote = createRemote({
    settings: {
      publicOrigin: publicOrigin ?? 'https://app.example',
      basePath: '/bff',
      spa: { origins: origins ?? [], protectedPages: [] },
      trustProxy: trustProxy ?? 'none',
      remotes: Object.fromEntries(
        remotes.map((settings) => [settings.name ?? 'api', remoteSettings(settings)]),
      ),
    },
    readSession(cookie) {
      const sub = /(?:^|; )sid=(\w+)/.exec(cookie ?? '')?.[1]
      return sub ? { kind: 'session', session: sessionOf(sub) } : { kind: 'none' }
    },
    userToken: (session) => ({ kind: 'bearer', token: `token-of-${session.record.sub}` }),
    now: Date.now,
    ...deps,
    log: {
      event<E extends LogEvent>(event: E, fields: LogFields[E]) {
        events.push({ event, fields: fields as unknown as Record<string, unknown> })
      },
    },
  })
  const door = createNodeRemote(remote)
  const server = createServer((request, response) => door.handle(request, response))
  server.on('checkContinue', (request, response) => door.handle(request, response))
  server.on('upgrade', (request, socket, head) => door.upgrade(request, socket, head))
  const port = await listen(server)
  return {
    remote,
    server,
    port,
    events,
    idle: () => until(() => remote.inFlight === 0),
    async close() {
      await remote.close()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      const surprises = events.filter(({ event }) => event === 'unexpected.error')
      assert.deepEqual(surprises, [])
    },
  }
}

export interface Upstream {
  readonly server: Server
  readonly port: number
  readonly origin: string
  /** Every request that arrived, with its body once it is complete. */
  readonly requests: IncomingMessage[]
  close(): Promise<void>
}

/** An API: a Node server that does what the listener says. */
export async function startUpstream(listener?: RequestListener): Promise<Upstream> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    if (listener) listener(request, response)
    else answerJson(response)
  })
  const port = await listen(server)
  return {
    server,
    port,
    requests,
    origin: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** An API that is nothing but a socket. */
export async function startRawUpstream(
  onRequest: (socket: Socket, text: string) => void,
): Promise<{ port: number; origin: string; sockets: Set<Socket>; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createNetServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (data) => onRequest(socket, data.toString('latin1')))
  })
  const port = await listen(server)
  return {
    port,
    sockets,
    origin: `http://127.0.0.1:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

export function answerJson(response: ServerResponse, value: unknown = { ok: true }): void {
  const body = JSON.stringify(value)
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

export interface RawAnswer {
  status: number
  /** Lower-case names; several lines of a name are joined with `, `. */
  headers: Record<string, string>
  rawHeaders: [string, string][]
  body: string
  /** The answer ended as its framing promised. */
  complete: boolean
}

/**
 * Sends bytes as they are and reads the answer until its end or the connection's: what `fetch` would
 * tidy up stays as the test wrote it.
 */
export async function rawRequest(port: number, text: string): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(text, 'latin1')
  const isHead = text.startsWith('HEAD ')
  let received = ''
  const done = new Promise<void>((resolve) => {
    socket.on('data', (data) => {
      received += data.toString('latin1')
      if (parseAnswer(received, isHead)?.complete) resolve()
    })
    socket.on('close', () => resolve())
  })
  await done
  socket.destroy()
  const answer = parseAnswer(received, isHead)
  assert.ok(answer, `no answer, but: ${JSON.stringify(received)}`)
  return answer
}

export interface GetOptions {
  method?: string
  headers?: Record<string, string>
  body?: string
}

/** A request as a browser with a session would send it. */
export function request(
  port: number,
  target: string,
  options: GetOptions = {},
): Promise<RawAnswer> {
  const { method = 'GET', body } = options
  const headers: Record<string, string> = { host: 'app.example', ...browserHeaders }
  if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body))
  Object.assign(headers, options.headers)
  const lines = Object.entries(headers)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}\r\n`)
  return rawRequest(port, `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`)
}

function parseAnswer(text: string, isHead: boolean): RawAnswer | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [statusLine = '', ...lines] = text.slice(0, headEnd).split('\r\n')
  const status = Number(statusLine.split(' ')[1])
  const rest = text.slice(headEnd + 4)
  if (status < 200) return parseAnswer(rest, isHead)
  const rawHeaders = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  const headers: Record<string, string> = {}
  for (const [name, value] of rawHeaders) {
    const key = name.toLowerCase()
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`
  }
  const base = { status, headers, rawHeaders }
  if (isHead || status === 204 || status === 304) return { ...base, body: rest, complete: true }
  if (headers['transfer-encoding'] === 'chunked') return { ...base, ...unchunk(rest) }
  const length = headers['content-length']
  const body = length === undefined ? rest : rest.slice(0, Number(length))
  return { ...base, body, complete: body.length === Number(length ?? Number.NaN) }
}

function unchunk(text: string): { body: string; complete: boolean } {
  let body = ''
  let at = 0
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd < 0) return { body, complete: false }
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    if (size === 0) return { body, complete: text.startsWith('\r\n', lineEnd + 2) }
    body += text.slice(lineEnd + 2, lineEnd + 2 + size)
    if (text.length < lineEnd + 2 + size + 2) return { body, complete: false }
    at = lineEnd + 2 + size + 2
  }
}

/** Waits for a condition that something else brings about. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never came true: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function listen(server: NetServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  // A test that failed before it could close it must not keep the process.
  server.unref()
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
