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
  createServer as createNetServer,
  type Server as NetServer,
  type Socket,
} from 'node:net'
import type { RemoteSettings } from '#lib/config/remote.ts'
import { publicPathOf } from '#lib/config/remote-paths.ts'
import { createNodeRemote } from '#lib/hosts/node-remote.ts'
import { createOutgoing } from '#lib/http/outgoing.ts'
import { createRemote, type Remote, type RemoteDeps } from '#lib/remote/remote.ts'
import type { Session } from '#lib/session/session.ts'
import type { LogEvent, LogFields } from '#lib/telemetry/log.ts'
import { settingsOf } from './settings-of.ts'

const { api } = settingsOf({
  remotes: { api: { target: 'https://api.example', timeout: '30s' } },
}).remotes

function remoteSettings(settings: Partial<RemoteSettings> & { target: string }): RemoteSettings {
  assert.ok(api)
  return { ...api, path: publicPathOf(settings.name ?? api.name, undefined), ...settings }
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
  limits?: RemoteDeps['settings']['limits']
  /** @default 'ours', as on a server of ours */
  chunks?: 'ours' | 'shared'
}

/** The proxy on a plain Node server, with stand-ins: the cookie `sid=<sub>` is that user's session. */
export async function startRemote(options: RemoteFixtureOptions): Promise<RemoteFixture> {
  const { remotes, publicOrigin, origins, trustProxy, limits, chunks = 'ours', ...deps } = options
  const events: RecordedEvent[] = []
  const remote = createRemote({
    settings: {
      publicOrigin: publicOrigin ?? 'https://app.example',
      remotePrefix: '/api/remote',
      basePath: '/bff',
      secrets: ['q8Jr2xkP0vT7nYb4LwZc9dHfGs1mEa6U'],
      session: { cookieName: 'bff' },
      spa: { origins: origins ?? [], protectedPages: [], pageMaxBodyBytes: 0, csp: 'default' },
      trustProxy: trustProxy ?? 'none',
      limits: limits ?? { perAddress: 1024, perSession: 512 },
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
    outgoing: createOutgoing({}),
    ...deps,
    log: {
      event<E extends LogEvent>(event: E, fields: LogFields[E]) {
        events.push({ event, fields: fields as unknown as Record<string, unknown> })
      },
    },
  })
  const door = createNodeRemote(remote, undefined, {}, chunks)
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

/** Waits for a condition that something else brings about. */
export async function until(condition: () => boolean, patienceMs = 30_000): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never came true: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Runs a test against one remote, named `api`, whose API is nothing but a socket. */
export async function withRawUpstream(
  onRequest: (socket: Socket, text: string) => void,
  settings: Partial<RemoteSettings>,
  test: (at: {
    fixture: RemoteFixture
    upstream: Awaited<ReturnType<typeof startRawUpstream>>
  }) => Promise<void>,
): Promise<void> {
  const upstream = await startRawUpstream(onRequest)
  const fixture = await startRemote({ remotes: [{ target: upstream.origin, ...settings }] })
  try {
    await test({ fixture, upstream })
    await fixture.idle()
  } finally {
    await fixture.close()
    await upstream.close()
  }
}

/** What is promised, or an error where a test would hang for ever. */
export async function inTime<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false
  const settled = promise.finally(() => {
    isSettled = true
  })
  await until(() => isSettled, 10_000)
  return settled
}

async function listen(server: NetServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  // A test that failed before it could close it must not keep the process.
  server.unref()
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Runs a test against one remote, named `api`, and checks that nothing is left under way. */
export async function withRemote(
  settings: Omit<RemoteFixtureOptions, 'remotes'> & {
    remote?: Partial<RemoteFixtureOptions['remotes'][number]>
    upstream?: Upstream
  },
  test: (context: {
    port: number
    upstream: Upstream
    events: { event: string }[]
  }) => Promise<void>,
): Promise<void> {
  const { remote, ...options } = settings
  const upstream = settings.upstream ?? (await startUpstream())
  const fixture = await startRemote({
    ...options,
    remotes: [{ target: upstream.origin, ...remote }],
  })
  try {
    await test({ port: fixture.port, upstream, events: fixture.events })
    await fixture.idle()
  } finally {
    await fixture.close()
    await upstream.close()
  }
}
