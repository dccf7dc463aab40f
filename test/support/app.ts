import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Config } from '#lib/config/define-config.ts'
import { loadSettings } from '#lib/config/load-settings.ts'
import { createBff, type WholeBff } from '#lib/frontends/create-bff.ts'
import { type NodeHost, type NodeHostOptions, startNodeHost } from '#lib/hosts/node.ts'
import { createReload, type Reload } from '#lib/hosts/reload.ts'
import type { KeyValue } from '#lib/store/key-value.ts'
import { createMemoryStore } from '#lib/store/memory.ts'
import { prometheusText } from '#lib/telemetry/prometheus-text.ts'
import type { Registry } from '#lib/telemetry/registry.ts'
import { type CookieNames, cookiesOf } from './cookie-names.ts'
import { freePort } from './free-port.ts'
import {
  createHttpBrowser,
  type HttpBrowser,
  type Visit,
  type VisitOptions,
} from './http-browser.ts'
import { assertNoSecrets, createLogLines } from './no-secrets.ts'
import { type RecordedEvents, recordEvents } from './provider-under-test.ts'
import {
  type ScriptedProvider,
  type ScriptedProviderOptions,
  startScriptedProvider,
} from './scripted-provider.ts'

/** What the API behind the remote `api` was sent. */
export interface ApiRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
}

/** What the API says: characters of one to four bytes. */
export const apiText = '{"ok":true,"text":"Größe, 漢字, 🎟"}'

export interface AppOptions {
  config?: Config | ((at: AppPlaces) => Config)
  env?: Record<string, string>
  /** Options of a provider of its own, or one that several apps share. */
  provider?: ScriptedProviderOptions | ScriptedProvider
  /** `settings`: the one that `env` names. @default memory */
  store?: KeyValue | 'settings'
  registry?: Registry
  /** @default five minutes, with a server that was begun */
  giveBackEveryMs?: number
  /** @default answers 200 and `apiText`, with a length every other time */
  api?: (request: IncomingMessage, response: ServerResponse) => void
  host?: Omit<NodeHostOptions, 'bff' | 'log'>
}

/** What is known of an app before it runs. */
export interface AppPlaces {
  readonly port: number
  /** Origin of the API. */
  readonly api: string
}

/** The engine on a real Node host, with a scripted provider and an API behind it. */
export interface App {
  readonly origin: string
  readonly cookies: CookieNames
  readonly provider: ScriptedProvider
  readonly apiRequests: ApiRequest[]
  readonly log: RecordedEvents
  readonly bff: WholeBff
  readonly host: NodeHost
  /** Takes another configuration, as SIGHUP does. */
  readonly reload: Reload
  /** Moves the engine's clock (not the provider's, and not timers). */
  advance(ms: number): void
  now(): number
  /** A new browser of nobody; `at`: of a frontend, where it lives. @default the top level */
  browser(at?: { readonly origin?: string; readonly root?: string }): AppBrowser
  close(): Promise<void>
}

export interface AppBrowser extends HttpBrowser {
  /** Signs in at the provider and answers the last page's visit. */
  signInHere(query?: string): Promise<Visit>
  /** As the page's `fetch` would. */
  call(path: string, init?: Pick<VisitOptions, 'method' | 'headers'>): Promise<Visit>
  /** The claims of `/bff/user` by name, or undefined when it says 401. */
  user(query?: string): Promise<Record<string, unknown> | undefined>
}

export async function startApp(options: AppOptions = {}): Promise<App> {
  const provider = isProvider(options.provider)
    ? options.provider
    : await startScriptedProvider(options.provider)
  const apiRequests: ApiRequest[] = []
  const api = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    apiRequests.push({ method, url, headers })
    if (options.api) options.api(request, response)
    else answerText(response, apiRequests.length % 2 === 0 ? 'sized' : 'chunked')
  })
  const apiOrigin = await listen(api)
  const port = await freePort()
  const origin = `http://localhost:${port}`
  let ahead = 0
  const now = () => Date.now() + ahead
  const given =
    typeof options.config === 'function' ? options.config({ port, api: apiOrigin }) : options.config
  const load = (config: Config | undefined) =>
    loadSettings({
      env: {
        OIDC_ISSUER: provider.issuer,
        OIDC_CLIENT_ID: provider.clientId,
        OIDC_CLIENT_SECRET: provider.clientSecret,
        BFF_BASE_URL: origin,
        BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
        BFF_STORE: 'memory',
        PORT: String(port),
        ...options.env,
      },
      config: { remotes: { api: { target: apiOrigin } }, ...config },
    })
  const loaded = load(given)
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const log = recordEvents()
  const written = createLogLines()
  const { event } = log
  log.event = (name, fields) => {
    event(name, fields)
    written.log.event(name, fields)
  }
  const store = options.store ?? createMemoryStore({ now })
  const bff = await createBff({
    ...{ settings: loaded.settings, log, now },
    ...(store === 'settings' ? {} : { store }),
    ...(options.registry ? { registry: options.registry } : {}),
    ...(options.giveBackEveryMs ? { giveBackEveryMs: options.giveBackEveryMs } : {}),
  })
  const host = await startNodeHost({ bff, log, ...options.host })

  return {
    origin,
    cookies: cookiesOf(origin),
    provider,
    apiRequests,
    log,
    bff,
    host,
    reload: createReload({
      ...{ config: given ?? {}, load, log, frontends: bff.frontends },
      problemsOf: () => [],
    }),
    now,
    advance: (ms) => {
      ahead += ms
    },
    browser: (at = {}) => appBrowser(at.origin ?? origin, at.root ?? ''),
    async close() {
      await host.close(1000)
      api.closeAllConnections()
      await new Promise((resolve) => api.close(resolve))
      if (!isProvider(options.provider)) await provider.close()
      const told = [
        ...written.lines,
        ...(options.registry ? [prometheusText(options.registry)] : []),
      ]
      const secrets = [provider.clientSecret, ...loaded.settings.secrets]
      for (const line of told) assertNoSecrets(line, secrets)
    },
  }
}

function appBrowser(origin: string, root: string): AppBrowser {
  const browser = createHttpBrowser()
  const call: AppBrowser['call'] = (path, init = {}) =>
    browser.send(`${origin}${path}`, {
      ...init,
      from: origin,
      dest: 'empty',
      headers: { 'x-csrf': '1', ...init.headers },
    })
  return {
    ...browser,
    call,
    signInHere: (query = '') =>
      browser.visit(`${origin}${root}/bff/login${query}`, {
        until: (url) => url.origin === origin && url.pathname !== `${root}/bff/callback`,
      }),
    async user(query = '') {
      const { status, body } = await call(`${root}/bff/user${query}`)
      if (status === 401) return undefined
      if (status !== 200) throw new Error(`/bff/user answered ${status}: ${body}`)
      const entries = JSON.parse(body) as { type: string; value: unknown }[]
      return Object.fromEntries(entries.map(({ type, value }) => [type, value]))
    },
  }
}

function answerText(response: ServerResponse, framing: 'sized' | 'chunked'): void {
  const length = { 'content-length': Buffer.byteLength(apiText) }
  response.writeHead(200, {
    'content-type': 'application/json',
    ...(framing === 'sized' ? length : {}),
  })
  response.end(apiText)
}

function isProvider(it: AppOptions['provider']): it is ScriptedProvider {
  return it !== undefined && 'issuer' in it
}

export async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
