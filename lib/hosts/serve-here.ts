import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config/define-config.ts'
import { socketPath } from '../config/listen.ts'
import { describeProblems } from '../config/report.ts'
import type { KeyValue } from '../store/key-value.ts'
import { freeStartMemory } from './free-start-memory.ts'
import { startNodeHost } from './node.ts'
import type { PageHandler } from './spa-pages.ts'
import { type Engine, logStart, sharedEngine, startEngine } from './start-engine.ts'
import { startFailure } from './start-failure.ts'
import { anotherSignal, onHangUp, stopSignal } from './stop-signals.ts'

/** Where the host listens. A Unix socket is at `localhost`, for whoever wants a name and a port. */
export interface ListensAt {
  readonly hostname: string
  readonly port: number
}

export interface ServeOptions {
  /**
   * Makes what answers all that is no endpoint and no remote API: `(request, response)`, such as Next's request
   * handler (`at`: HOST and PORT). It may take its time: the endpoints and the remote APIs do not wait for it. Not called when the
   * settings are wrong.
   */
  readonly pages?: (at: ListensAt) => Promise<PageHandler>
  /** Where Next put what it built, for pages that are Next's: protected pages are looked for there. */
  readonly nextBuild?: string
  /** Reads the configuration once more, for SIGHUP. @default `BFF_CONFIG_FILE`, where that is set */
  readonly reread?: () => Promise<Config>
  /** One of your own, in place of the one that the settings name. */
  readonly store?: KeyValue
}

/** The same in this process. */
export async function serveHere(config: Config, options: ServeOptions): Promise<number> {
  const { nextBuild: build, store } = options
  // Shared, so that pages which Next bundles by itself ask this very engine.
  const started = await sharedEngine(() =>
    startEngine(config, {
      host: 'node',
      exports: true,
      ...(build === undefined ? {} : { build }),
      ...(store ? { store } : {}),
    }),
  )
  if (!started.ok) return tell(started.report)
  const { bff, log } = started
  const signal = stopSignal()
  // Before it listens: whoever tells a server that starts to reload does not mean to end it.
  onHangUp(async () => void (await started.reload(await options.reread?.())), log)
  const { host, port } = bff.settings
  const hostname = socketPath(host) === undefined ? host : 'localhost'
  const pages = options.pages?.({ hostname, port })
  const failed = pagesFailed(pages, started)
  if (!options.pages) freeStartMemory()
  const door = await startNodeHost({ bff, log, ...(pages ? { pages } : {}) }).catch(
    (cause: unknown) => {
      const failure = startFailure(cause, bff.settings)
      if (!failure) throw cause
      return describeProblems([failure])
    },
  )
  if (typeof door === 'string') {
    await bff.close()
    return tell(door)
  }
  logStart(started, 'node', door.address)

  const reason = await Promise.race([signal, failed])
  log.event('server.stopping', { signal: reason, inFlight: bff.frontends.inFlight })
  door.drain()
  // A balancer notices meanwhile; what it still sends is served.
  if (reason !== 'pages failed') await Promise.race([sleep(bff.settings.drainMs), anotherSignal()])
  const { forced } = await door.close()
  log.event('server.stopped', { forced })
  return reason === 'pages failed' ? 1 : 0
}

/** Resolves when there will be no pages; what the reason is stands in the log. */
function pagesFailed(pages: Promise<PageHandler> | undefined, { log }: Pick<Engine, 'log'>) {
  return new Promise<'pages failed'>((resolve) => {
    pages?.catch((cause: unknown) => {
      log.event('unexpected.error', { where: 'pages', cause })
      resolve('pages failed')
    })
  })
}

function tell(report: string): number {
  process.stderr.write(`${report}\n`)
  return 1
}
