import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Bff } from '../bff.ts'
import { socketPath } from '../config/listen.ts'
import { unixPeer } from '../http/forwarded.ts'
import type { Log } from '../telemetry/log.ts'
import { createBackgroundTasks } from './background-tasks.ts'
import { limitBody } from './body-limit.ts'
import { createFrontDoor, headOf } from './front-door.ts'
import { headDeadline } from './head-deadline.ts'
import { createHostRequest } from './host-request.ts'
import { listenAt } from './listen-at.ts'
import { createNodeRemote } from './node-remote.ts'
import { sendResponse, toRequest } from './node-web.ts'
import { createQueuedAnswers } from './queued-answers.ts'
import { onClientError, refuse, refuseTunnels } from './refuse.ts'
import { SecureResponse, secureHeaders } from './secure-head.ts'
import { createShutdown } from './shutdown.ts'
import { type PageHandler, spaPages } from './spa-pages.ts'
import { createTellAnswers } from './tell-answers.ts'
import { answerUpgrades, isUpgrade, type UpgradeHandler } from './upgrades.ts'

export interface NodeHostOptions {
  readonly bff: Bff
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
  const remote = createNodeRemote(bff.remote, peerOf, more, 'ours')
  const frontDoor = createFrontDoor(bff)
  const tellAnswer = createTellAnswers(bff, peerOf)
  const queuedAnswers = createQueuedAnswers()
  const backgroundTasks = createBackgroundTasks(log)
  const spa = options.pages ? undefined : await spaPages(bff, log)

  async function answerEndpoint(request: IncomingMessage, response: ServerResponse) {
    const target = request.url ?? '/'
    const abort = new AbortController()
    response.once('close', () => {
      if (!response.writableFinished) abort.abort()
    })
    const web = toRequest(request, bff.settings.publicOrigin, abort.signal)
    const info = { peerAddress: peerOf(request), background: backgroundTasks.add }
    if (!web) return refuse(response, 'bad_request', request.headers['x-request-id'])
    await sendResponse(await bff.handle(web, target, info), request, response)
  }

  async function answerPage(request: IncomingMessage, response: ServerResponse) {
    const pages = spa ? spa.pages : await options.pages
    if (pages) return pages(request, response)
    refuse(response, 'not_found', undefined)
  }

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    queuedAnswers.add(request, response)
    if (shutdown.isDraining) shutdown.closeAfter(response)
    const head = headOf(request, frontDoor)
    const refusal = frontDoor.refusalOf(head)
    if (refusal) {
      tellAnswer(request, response, 'refused')
      return void refuse(response, refusal, request.headers['x-request-id'])
    }
    if (bff.remote.handles(head.target)) return void remote.handle(request, response)
    const isEndpoint = bff.handlesPath(head.target.split('?', 1)[0] ?? '/')
    limitBody(request, response, {
      maxBytes: frontDoor.maxBodyBytes(head),
      deadlineMs: options.bodyDeadlineMs,
      more,
      reader: isEndpoint ? 'engine' : 'pages',
    })
    if (!isEndpoint) tellAnswer(request, response, 'page')
    const answer = isEndpoint ? answerEndpoint : answerPage
    answer(request, response).catch(giveUp(response))
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
      IncomingMessage: createHostRequest(bff.remote.handles),
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
    const head = headOf(request, frontDoor)
    if (!bff.remote.handles(head.target) && !frontDoor.refusalOf(head)) response.writeContinue()
    onRequest(request, response)
  })
  const pageUpgrade = spa ? spa.pageUpgrade : options.pageUpgrade
  answerUpgrades(server, {
    frontDoor,
    more,
    handlerOf: (target) => (bff.remote.handles(target) ? remote.upgrade : pageUpgrade),
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
      bff.remote.endOpenEnded()
      spa?.close()
      const { forced } = await closed
      await backgroundTasks.settled(graceMs - (performance.now() - from))
      await bff.close()
      return { forced }
    },
  }
}
