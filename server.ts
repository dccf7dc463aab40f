import { Server } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import next from 'next'
import config from './bff.config.ts'
import { socketPath } from './lib/config/listen.ts'
import { startNodeHost } from './lib/hosts/node.ts'
import { logStart, sharedEngine, startEngine } from './lib/hosts/start-engine.ts'
import { anotherSignal, stopSignal } from './lib/hosts/stop-signals.ts'
import { superviseWorkers } from './lib/hosts/workers.ts'

process.exitCode = (await superviseWorkers(config)) ?? (await serve())
process.exit()

/** Serves until a signal comes; answers the exit code. */
async function serve(): Promise<number> {
  // Shared, so that the pages' middleware, which Next bundles by itself, asks this very engine.
  const build = join(import.meta.dirname, '.next')
  const started = await sharedEngine(() => startEngine(config, { host: 'node', build }))
  if (!started.ok) {
    process.stderr.write(`${started.report}\n`)
    return 1
  }
  const { bff, log } = started
  const { host, port } = bff.settings
  // At its first page Next hangs an `upgrade` listener on the server of that request, which ends every
  // WebSocket that is none of Next's, so it is given another server, one that never listens.
  const httpServer = new Server()
  const hostname = socketPath(host) === undefined ? host : 'localhost'
  const app = next({ dev: false, dir: import.meta.dirname, hostname, port, httpServer })
  const signal = stopSignal()
  const failed = Promise.withResolvers<'pages failed'>()
  // Pages wait for Next; the endpoints and the remote APIs do not.
  const pages = app.prepare().then(() => app.getRequestHandler())
  pages.catch((cause: unknown) => {
    log.event('unexpected.error', { where: 'pages', cause })
    failed.resolve('pages failed')
  })
  const door = await startNodeHost({ bff, log, pages })
  logStart(started, 'node', door.address)

  const reason = await Promise.race([signal, failed.promise])
  log.event('server.stopping', { signal: reason, inFlight: bff.remote.inFlight })
  door.drain()
  // A balancer notices meanwhile; what it still sends is served.
  if (reason !== 'pages failed') await Promise.race([sleep(bff.settings.drainMs), anotherSignal()])
  const { forced } = await door.close()
  log.event('server.stopped', { forced })
  return reason === 'pages failed' ? 1 : 0
}
