import { setTimeout as sleep } from 'node:timers/promises'
import { defineConfig, openBff } from '#lib/index.ts'

// A daemon without a browser, a request or a host: it calls an API every second as itself (client
// credentials). The token is obtained once, renewed ahead of expiry, and replaced when the API refuses
// it. Settings come from the environment, as for the server: see .env.example.

const api = process.env.WORKER_API_URL ?? 'http://localhost:4001/orders'
const pauseMs = Number(process.env.WORKER_PAUSE_MS ?? 1000)
const calls = Number(process.env.WORKER_CALLS ?? Number.POSITIVE_INFINITY)

const bff = await openBff(
  defineConfig({
    clients: { worker: { resource: 'urn:cloakroom:demo-api', scope: 'orders.read' } },
  }),
)
const callApi = bff.clientFetch('worker')

let failures = 0
for (let call = 1; call <= calls; call++) {
  try {
    const response = await callApi(api)
    await response.body?.cancel()
    console.log(`call ${call}: ${response.status}`)
    if (!response.ok) failures++
  } catch (error) {
    console.error(`call ${call}: ${error instanceof Error ? error.message : 'failed'}`)
    failures++
  }
  if (call < calls) await sleep(pauseMs)
}
await bff.close()
process.exitCode = failures > 0 ? 1 : 0
