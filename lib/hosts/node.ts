import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Bff } from '../bff.ts'
import { socketPath } from '../config/listen.ts'
import type { WholeBff } from '../frontends/create-bff.ts'
import { unixPeer } from '../http/forwarded.ts'
import type { Log } from '../telemetry/log.ts'
import { createBackgroundTasks } from './background-tasks.ts'
import { limitBody } from './body-limit.ts'
import { createDoors } from './doors.ts'
import { headOf } from './front-door.ts'
import { headDeadline } from './head-deadline.ts'
import { createHostRequest } from './host-request.ts'
import { listenAt } from './listen-at.ts'
import { createNodeDoor, type NodeDoor } from './node-door.ts'
import { createQueuedAnswers } from './queued-answers.ts'
import { onClientError, refuse, refuseOnSocket, refuseTunnels } from './refuse.ts'
import { SecureResponse, secureHeaders } from './secure-head.ts'
import { createShutdown } from './shutdown.ts'
import { type PageHandler, type SpaPages, spaPages } from './spa-pages.ts'
import { answerUpgrades, isUpgrade, type UpgradeHandler } from './upgrades.ts'

export interface NodeHostOptions {
  readonly bff: WholeBff
  readonly log: Log
  /**
   * Without it: the single-page app that the settings name, or 404 for all that is not ours. May arrive later: the
   * engine answers at once.
   */
  readonly pages?: PageHandler | Promise<PageHandler>
  /** WebSocket upgrades that are not for a remote API (the development server's). */
  readonly pageUpgrade?: UpgradeHandler
  /** @default bodyDeadlineMs */
  readonly bodyDeadlineMs?: number
}

/** A frontend, and its pages where they are ours to serve. */
interface OpenDoor extends NodeDoor {
  readonly spa: Promise<SpaPages | undefined> | undefined
}

export interface NodeHost {
  readonly server: Server
  /** Where it listens: `http://127.0.0.1:3000`, or `unix:/run/cloakroom.sock`. */
  readonly address: string
  /** Everything is served as ever, but `ready` says no and every answer ends its connection (A16). */
  drain(): void
  /** No new connections; requests in flight have `graceMs` to finish; then store and sockets close (A2). */
  close(graceMs?: number): Promise<{ readonly forced: boolean }>
}

/**
 * The engine on a plain Node server. Endpoints and remote APIs never enter Next; a proxied answer goes
 * from undici's stream to the socket.
 */
export async function startNodeHost(options: NodeHostOptions): Promise<NodeHost> {
  const { bff, log } = options
  const https = bff.settings.publicOrigin.startsWith('https:')
  const more = https ? secureHeaders : {}
  const isSocket = socketPath(bff.settings.host) !== undefined
  const peerOf = ({ socket }: IncomingMessage) =>
    isSocket ? unixPeer : (socket.remoteAddress ?? '')
  const queuedAnswers = createQueuedAnswers()
  const backgroundTasks = createBackgroundTasks(log)
  const doors = createDoors<OpenDoor>(bff.frontends, (it) => ({
    ...createNodeDoor(it, { peerOf, more, background: backgroundTasks.add, chunks: 'ours' }),
    spa: options.pages ? undefined : openSpa(it),
  }))
  const spas = new Set<SpaPages>()
  // What is wrong with the app's place is told at the start.
  await doors.top().spa

  function openSpa(it: Bff): Promise<SpaPages | undefined> {
    const opened = spaPages(it, log)
    opened.then(
      (spa) => spa && spas.add(spa),
      () => {},
    )
    return opened
  }

  async function answerPage(door: OpenDoor, request: IncomingMessage, response: ServerResponse) {
    const pages = door.spa ? (await door.spa)?.pages : await options.pages
    if (pages) return pages(request, response)
    refuse(response, 'not_found', undefined)
  }

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    queuedAnswers.add(request, response)
    if (shutdown.isDraining) shutdown.closeAfter(response)
    const found = doors.of(request.rawHeaders, request.url)
    const door = typeof found === 'string' ? doors.top() : found
    const { frontDoor, tellAnswer } = door
    const head = headOf(request, frontDoor)
    const refusal = typeof found === 'string' ? found : frontDoor.refusalOf(head)
    if (refusal) {
      tellAnswer(request, response, 'refused')
      return void refuse(response, refusal, request.headers['x-request-id'])
    }
    if (frontDoor.isRemote(head.target)) return void door.remote.handle(request, response)
    const isEndpoint = door.isEndpoint(head.target)
    limitBody(request, response, {
      maxBytes: frontDoor.maxBodyBytes(head),
      deadlineMs: options.bodyDeadlineMs,
      more,
      reader: isEndpoint ? 'engine' : 'pages',
    })
    if (!isEndpoint) tellAnswer(request, response, 'page')
    const answered = isEndpoint
      ? door.answerEndpoint(request, response)
      : answerPage(door, request, response)
    answered.catch(giveUp(response))
  }

  function giveUp(response: ServerResponse) {
    return (cause: unknown) => {
      log.event('unexpected.error', { where: 'request', cause })
      response.destroy()
    }
  }

  const server = createServer(
    // Bodies have limits of their own.
    {
      IncomingMessage: createHostRequest(({ rawHeaders, url = '/' }) => {
        const it = bff.frontends.of(rawHeaders, url)
        return typeof it !== 'string' && it.remote.handles(url)
      }),
      ...(https ? { ServerResponse: SecureResponse } : {}),
      maxHeaderSize: 32 * 1024,
      ...headDeadline,
      // So that clients that went without a word are noticed (P31).
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      requestTimeout: 0,
      keepAliveTimeout: 65_000,
      shouldUpgradeCallback: isUpgrade,
    },
    onRequest,
  )
  server.on('checkContinue', (request, response) => {
    // The proxy asks for a body when it wants one; for one that is refused nobody asks.
    const door = doors.of(request.rawHeaders, request.url)
    if (typeof door !== 'string') {
      const head = headOf(request, door.frontDoor)
      if (!door.frontDoor.isRemote(head.target) && !door.frontDoor.refusalOf(head)) {
        response.writeContinue()
      }
    }
    onRequest(request, response)
  })
  answerUpgrades(server, {
    more,
    doorOf(request) {
      const door = doors.of(request.rawHeaders, request.url)
      if (typeof door === 'string') return door
      const { frontDoor, remote } = door
      const onPage: UpgradeHandler = async (...upgrade) => {
        const pageUpgrade = door.spa ? (await door.spa)?.pageUpgrade : options.pageUpgrade
        if (pageUpgrade) pageUpgrade(...upgrade)
        else refuseOnSocket(upgrade[1], 'not_found', more)
      }
      const handlerOf = (target: string) => (frontDoor.isRemote(target) ? remote.upgrade : onPage)
      return { frontDoor, handlerOf }
    },
  })
  refuseTunnels(server, more)
  const { expireStaleCookies } = bff
  server.on('clientError', (error, socket) => {
    onClientError(error, socket, { more, expireStaleCookies })
  })
  const shutdown = createShutdown(server)
  const address = await listenAt(server, bff.settings)

  function drain(): void {
    bff.drain()
    shutdown.drain()
  }

  return {
    server,
    address,
    drain,
    async close(graceMs = 30_000) {
      drain()
      const from = performance.now()
      const closed = shutdown.close(graceMs)
      bff.frontends.endOpenEnded()
      for (const spa of spas) spa.close()
      const { forced } = await closed
      await backgroundTasks.settled(graceMs - (performance.now() - from))
      await bff.close()
      return { forced }
    },
  }
}
