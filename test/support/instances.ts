import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '#lib/config/define-config.ts'
import { listen } from './app.ts'
import { freePort } from './free-port.ts'
import { createHttpBrowser, type HttpBrowser, type Visit } from './http-browser.ts'
import { type ScriptedProvider, startScriptedProvider } from './scripted-provider.ts'
import {
  type Host,
  type LogLine,
  type RunningCloakroom,
  startCloakroom,
} from './start-cloakroom.ts'

export interface InstancesOptions {
  /** @default two on Node and one on Next */
  hosts?: readonly Host[]
  /** Where the store is. */
  env: Record<string, string>
  config?: Config
}

/** Several processes with one secret, one public origin and one store; provider and API in this process. */
export interface Instances {
  readonly provider: ScriptedProvider
  /** In the order of `hosts`; one that was started again takes its old place. */
  readonly all: readonly RunningCloakroom[]
  /** Access tokens that the API was sent, in the order of arrival. */
  readonly bearers: string[]
  at(index: number): RunningCloakroom
  /** A browser that has signed in on the given instance. @default the first */
  signIn(on?: RunningCloakroom): Promise<HttpBrowser>
  /** The same with an access token that has run out; those of the next refresh live for long. */
  signInExpired(): Promise<HttpBrowser>
  /** Log lines of an event on all instances. */
  events(name: string): LogLine[]
  /** Starts an instance that has ended, on its old port. */
  restart(index: number): Promise<void>
  close(): Promise<void>
}

export async function startInstances(options: InstancesOptions): Promise<Instances> {
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-instances-'))
  const bearers: string[] = []
  const api = createServer((request, response) => {
    bearers.push(request.headers.authorization?.replace('Bearer ', '') ?? 'none')
    response.end('ok')
  })
  const provider = await startScriptedProvider()
  const file = join(directory, 'bff.json')
  const remotes = { things: { target: await listen(api) } }
  writeFileSync(file, JSON.stringify({ remotes, ...options.config }))
  const hosts = options.hosts ?? (['node', 'node', 'next'] as const)
  const ports = await Promise.all(hosts.map(freePort))
  const env = {
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: provider.clientId,
    OIDC_CLIENT_SECRET: provider.clientSecret,
    BFF_BASE_URL: `http://localhost:${ports[0]}`,
    BFF_CONFIG_FILE: file,
    BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
    ...options.env,
  }
  const start = (host: Host, index: number) =>
    startCloakroom({ host, env, port: ports[index] as number })
  const ended: RunningCloakroom[] = []
  const started = await Promise.allSettled(hosts.map(start))
  const all = started.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []))
  const failure = started.find((it) => it.status === 'rejected')
  if (failure) {
    await close()
    throw failure.reason
  }

  async function close(): Promise<void> {
    await Promise.all(all.map((instance) => instance.stop('SIGKILL')))
    api.closeAllConnections()
    api.close()
    await provider.close()
    rmSync(directory, { recursive: true, force: true })
  }

  function at(index: number): RunningCloakroom {
    const instance = all[index]
    if (!instance) throw new Error(`there is no instance ${index}`)
    return instance
  }

  async function signIn(on = at(0)): Promise<HttpBrowser> {
    const browser = createHttpBrowser()
    const begun = await browser.send(`${on.origin}/bff/login`)
    const callback = await provider.approve(begun.headers.get('location') ?? '')
    // What a load balancer does: one public origin, several processes.
    callback.port = String(on.port)
    const { status } = await browser.send(callback)
    if (status !== 303) throw new Error(`the callback answered ${status}`)
    return browser
  }

  return {
    provider,
    all,
    bearers,
    at,
    signIn,
    async signInExpired() {
      const { accessTokenLifetime } = provider.state
      provider.state.accessTokenLifetime = 1
      const browser = await signIn()
      provider.state.accessTokenLifetime = accessTokenLifetime
      // The clocks of other processes cannot be moved.
      await sleep(1100)
      return browser
    },
    events: (name) =>
      [...ended, ...all].flatMap((it) => it.log()).filter(({ event }) => event === name),
    async restart(index) {
      const host = at(index).host
      ended.push(at(index))
      all[index] = await start(host, index)
    },
    close,
  }
}

/** As the page's `fetch` would, on the instance that the load balancer picked. */
export function call(
  on: RunningCloakroom,
  browser: HttpBrowser,
  path = '/api/remote/things/x',
  method = 'GET',
): Promise<Visit> {
  return browser.send(`${on.origin}${path}`, { method, from: on.origin, dest: 'empty' })
}
