import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { initTRPC } from '@trpc/server'
import { createHTTPHandler } from '@trpc/server/adapters/standalone'
import { buildSchema, graphql } from 'graphql'
import { useServer as serveSubscriptions } from 'graphql-ws/use/ws'
import { Server as SocketServer } from 'socket.io'
import { WebSocketServer } from 'ws'
import { createTokenCheck } from '../../test/stand-ins/api-token.ts'
import { demoApiResource } from '../../test/stand-ins/provider-config.ts'
import { listen } from '../../test/support/app.ts'
import { createImitatedApis, readBody } from './imitated-apis.ts'

/** One server with an API for each library, as its makers' server packages would have it. */
export interface LibraryApis {
  readonly url: string
  /** Where each upload that came in went on. */
  readonly uploads: readonly number[]
  close(): Promise<void>
}

const t = initTRPC.create()
const schema = buildSchema('type Query { hello: String } type Subscription { count: Int }')

function createRouter(count: () => AsyncGenerator<number>) {
  return t.router({
    hello: t.procedure.query(() => 'Grüße'),
    count: t.procedure.query(count),
  })
}
export type Router = ReturnType<typeof createRouter>

export async function startLibraryApis(issuer: string): Promise<LibraryApis> {
  const checkToken = createTokenCheck({ issuer, audience: demoApiResource })
  const commands = new EventEmitter()
  const uploads: number[] = []

  /** The second number waits for the word of the page: a stream that is held back never ends. */
  async function* count(): AsyncGenerator<number> {
    const told = once(commands, 'go on')
    yield 1
    await told
    yield 2
  }

  /** An API gets the token, and none of what is between the browser and Cloakroom. */
  async function isWelcome(request: IncomingMessage): Promise<boolean> {
    const { cookie, 'x-csrf': csrf } = request.headers
    return !cookie && !csrf && (await checkToken(request)).kind === 'valid'
  }

  const imitated = createImitatedApis({ count, uploads })
  const trpc = createHTTPHandler({ basePath: '/trpc/', router: createRouter(count) })
  const server = createServer(async (request, response) => {
    const path = request.url ?? ''
    if (!(await isWelcome(request))) response.writeHead(401).end()
    else if (path === '/go-on') response.end(JSON.stringify(commands.emit('go on')))
    else if (path.startsWith('/trpc/')) trpc(request, response)
    else if (path === '/graphql') {
      const { query } = JSON.parse(String(await readBody(request)))
      const result = await graphql({ schema, source: query, rootValue: { hello: 'Grüße' } })
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(result))
    } else await imitated(request, response)
  })

  const io = new SocketServer(server, { serveClient: false, destroyUpgrade: false })
  io.engine.use(async (request: IncomingMessage, _: unknown, next: (e?: Error) => void) => {
    next((await isWelcome(request)) ? undefined : new Error('a stranger'))
  })
  io.on('connection', (socket) => {
    socket.emit('welcome', Buffer.from([0, 128, 255]))
    socket.on('ask', (text: string, answer: (text: string) => void) => answer(`${text}, too`))
  })

  const sockets = new WebSocketServer({ noServer: true })
  const roots = { query: { hello: 'Grüße' }, subscription: { count: countAsField } }
  async function* countAsField() {
    for await (const number of count()) yield { count: number }
  }
  serveSubscriptions({ schema, roots }, sockets)
  server.on('upgrade', async (request, socket, head) => {
    if (request.url !== '/graphql') return
    if (await isWelcome(request)) {
      sockets.handleUpgrade(request, socket, head, (it) => sockets.emit('connection', it, request))
    } else socket.destroy()
  })

  return {
    url: await listen(server),
    uploads,
    async close() {
      for (const socket of sockets.clients) socket.terminate()
      server.closeAllConnections()
      await io.close()
    },
  }
}
