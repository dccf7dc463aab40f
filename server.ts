import next from 'next'
import config from './bff.config.ts'
import { startNodeHost } from './lib/hosts/node.ts'
import { logStart, sharedEngine, startEngine } from './lib/hosts/start-engine.ts'

// Shared, so that the pages' middleware, which Next bundles by itself, asks this very engine.
const started = await sharedEngine(() => startEngine(config))
if (!started.ok) {
  process.stderr.write(`${started.report}\n`)
  process.exit(1)
}

const { bff, log } = started
const { settings } = bff
const app = next({
  dev: false,
  dir: import.meta.dirname,
  hostname: settings.host,
  port: settings.port,
})
// Pages wait for Next; the endpoints and the remote APIs do not.
const pages = app.prepare().then(() => app.getRequestHandler())
pages.catch((cause: unknown) => {
  log.event('unexpected.error', { where: 'pages', cause })
  process.exitCode = 1
  stop('pages failed')
})
const host = await startNodeHost({ bff, log, pages })
logStart(started, 'node', host.address)

let stopping = false
function stop(signal: string): void {
  if (stopping) return
  stopping = true
  log.event('server.stopping', { signal, inFlight: bff.remote.inFlight })
  host.close().then(({ forced }) => {
    log.event('server.stopped', { forced })
    process.exit()
  })
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
