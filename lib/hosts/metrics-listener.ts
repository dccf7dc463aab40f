import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { processEnvironment } from '../config/env.ts'
import { socketPath, workerNumberIn } from '../config/listen.ts'
import type { Settings } from '../config/settings.ts'
import { prometheusText, prometheusType } from '../telemetry/prometheus-text.ts'
import type { Registry } from '../telemetry/registry.ts'

export interface MetricsListener {
  readonly port: number
  close(): void
}

/**
 * `GET /metrics` on a port of its own (A53). It keeps nobody from stopping, and no connection.
 *
 * @throws the system's error when it cannot listen
 */
export async function listenForScrapes(
  registry: Registry,
  { host, metricsPort = 0 }: Pick<Settings, 'host' | 'metricsPort'>,
): Promise<MetricsListener> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0]
    response.setHeader('connection', 'close')
    if (path !== '/metrics') return void response.writeHead(404).end()
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
    }
    response.writeHead(200, { 'content-type': prometheusType, 'cache-control': 'no-store' })
    response.end(prometheusText(registry))
  })
  const port = metricsPort === 0 ? 0 : metricsPort + workerNumberIn(processEnvironment())
  // Not shared among workers: each has counted something else.
  const address = socketPath(host) === undefined ? host : '127.0.0.1'
  server.listen({ port, host: address, exclusive: true })
  await once(server, 'listening')
  server.unref()
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
