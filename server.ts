import { Server } from 'node:http'
import { join } from 'node:path'
import next from 'next'
import config from './bff.config.ts'
import { startNodeHost } from './lib/hosts/node.ts'
import { logStart, sharedEngine, startEngine } from './lib/hosts/start-engine.ts'
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
  const { host: hostname, port } = bff.settings
  // At its first page Next hangs an `upgrade` listener on the server of that request, which ends every
  // WebSocket that is none of Next's, so it is given another server, one that never listens.
  const httpServer = new Server()
  const app = next({ dev: false, dir: import.meta.dirname, hostname, port, httpServer })
  const signal = Promise.withResolvers<string>()
  // Pages wait for Next; the endpoints and the remote APIs do not.
  const pages = app.prepare().then(() => app.getRequestHandler())
  pages.catch((cause: unknown) => {
    log.event('unexpected.error', { where: 'pages', cause })
    signal.resolve('pages failed')
  })
  const host = await startNodeHost({ bff, log, pages })
  logStart(started, 'node', host.address)
  process.on('SIGTERM', signal.resolve)
  process.on('SIGINT', signal.resolve)

  const reason = await signal.promise
  log.event('server.stopping', { signal: reason, inFlight: bff.remote.inFlight })
  const { forced } = await host.close()
  log.event('server.stopped', { forced })
  return reason === 'pages failed' ? 1 : 0
}
